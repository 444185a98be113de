package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// pe builds pe.log after Zeek's base/files/pe: a row for each executable whose file header
// was seen, when the file ends.
type pe struct {
	out  schemas.Emitter
	slot event.FileSlot

	fuid []byte
	free freelist.List[peState]
}

// peState is the unfinished row of a file. It is written if machine is set.
type peState struct {
	rec   schemas.PE
	names []string
}

// maxPESections bounds the section names of a row.
const maxPESections = 1024

func installPE(h *event.Hooks, out schemas.Emitter, _ *Options) {
	b := &pe{out: out, slot: h.NewFileSlot()}
	h.PE.FileHeader.Listen(b.fileHeader)
	h.PE.OptionalHeader.Listen(b.optionalHeader)
	h.PE.SectionHeader.Listen(b.sectionHeader)
	h.File.StateRemove.Listen(b.remove)
}

func (b *pe) state(f event.File) *peState {
	if s, ok := f.Slot(b.slot).(*peState); ok {
		return s
	}
	s := b.free.Get()
	s.rec = schemas.PE{IsEXE: true, Is64Bit: true, UsesSEH: true}
	s.names = s.names[:0]
	f.SetSlot(b.slot, s)
	return s
}

// Bits of the characteristics of file and DLL (Microsoft PE format, "Characteristics"
// and "DLL Characteristics").
const (
	pe32BitMachine     = 0x0100
	peDynamicBase      = 0x0040
	peForceIntegrity   = 0x0080
	peNXCompat         = 0x0100
	peNoSEH            = 0x0400
	peTableExport      = 0
	peTableImport      = 1
	peTableCertificate = 4
	peTableDebug       = 6
)

func (b *pe) fileHeader(e *event.PEFileHeader) {
	r := &b.state(e.File).rec
	r.Machine = value.Some(peName(peMachines, e.Header.Machine))
	r.CompileTS = value.Some(e.Header.TS)
	r.IsEXE = e.Header.OptionalHeaderSize > 0
	for _, c := range e.Header.Characteristics {
		if c == pe32BitMachine {
			r.Is64Bit = false
		}
	}
}

func (b *pe) optionalHeader(e *event.PEOptionalHeader) {
	r, h := &b.state(e.File).rec, &e.Header
	if !r.IsEXE {
		return
	}
	r.OS = value.Some(peOS(h.OSVersionMajor, h.OSVersionMinor))
	r.Subsystem = value.Some(peName(peSubsystems, h.Subsystem))
	for _, c := range h.DLLCharacteristics {
		switch c {
		case peDynamicBase:
			r.UsesASLR = true
		case peForceIntegrity:
			r.UsesCodeIntegrity = true
		case peNXCompat:
			r.UsesDEP = true
		case peNoSEH:
			r.UsesSEH = false
		}
	}
	has := func(i int) value.Opt[bool] {
		return value.Some(i < len(h.TableSizes) && h.TableSizes[i] > 0)
	}
	r.HasExportTable, r.HasImportTable = has(peTableExport), has(peTableImport)
	r.HasCertTable, r.HasDebugData = has(peTableCertificate), has(peTableDebug)
}

func (b *pe) sectionHeader(e *event.PESectionHeader) {
	s := b.state(e.File)
	if s.rec.IsEXE && len(s.names) < maxPESections {
		s.names = append(s.names, string(e.Header.Name))
	}
}

func (b *pe) remove(e *event.FileStateRemove) {
	s, ok := e.File.Slot(b.slot).(*peState)
	if !ok {
		return
	}
	if s.rec.Machine.OK {
		fuid := e.File.FUID()
		b.fuid = fuid.Append(b.fuid[:0])
		s.rec.TS, s.rec.ID = e.File.Start(), text(b.fuid)
		if len(s.names) > 0 {
			s.rec.SectionNames = s.names
		}
		b.out.Emit(&s.rec)
	}
	clear(s.names)
	b.free.Put(s)
	e.File.SetSlot(b.slot, nil)
}

func peName(names map[uint64]string, v uint64) string {
	if s, ok := names[v]; ok {
		return s
	}
	return "unknown-" + strconv.FormatUint(v, 10)
}

func peOS(major, minor uint64) string {
	if s, ok := peVersions[[2]uint64{major, minor}]; ok {
		return s
	}
	return "unknown-" + strconv.FormatUint(major, 10) + "." + strconv.FormatUint(minor, 10)
}

// peMachines are the machine types (Microsoft PE format, "Machine Types").
var peMachines = map[uint64]string{
	0x0: "UNKNOWN", 0x1d3: "AM33", 0x8664: "AMD64", 0x1c0: "ARM", 0x1c4: "ARMNT", 0xaa64: "ARM64",
	0xebc: "EBC", 0x14c: "I386", 0x200: "IA64", 0x9041: "M32R", 0x266: "MIPS16", 0x366: "MIPSFPU",
	0x466: "MIPSFPU16", 0x1f0: "POWERPC", 0x1f1: "POWERPCFP", 0x166: "R4000", 0x1a2: "SH3",
	0x1a3: "SH3DSP", 0x1a6: "SH4", 0x1a8: "SH5", 0x1c2: "THUMB", 0x169: "WCEMIPSV2",
}

// peSubsystems are the subsystems of Windows (Microsoft PE format, "Windows Subsystem").
var peSubsystems = map[uint64]string{
	0: "UNKNOWN", 1: "NATIVE", 2: "WINDOWS_GUI", 3: "WINDOWS_CUI", 7: "POSIX_CUI", 9: "WINDOWS_CE_GUI",
	10: "EFI_APPLICATION", 11: "EFI_BOOT_SERVICE_DRIVER", 12: "EFI_RUNTIME_DRIVER", 13: "EFI_ROM", 14: "XBOX",
}

// peVersions are the systems by version, as Zeek names them.
var peVersions = map[[2]uint64]string{
	{10, 0}: "Windows 10", {6, 4}: "Windows 10 Technical Preview", {6, 3}: "Windows 8.1 or Server 2012 R2",
	{6, 2}: "Windows 8 or Server 2012", {6, 1}: "Windows 7 or Server 2008 R2",
	{6, 0}: "Windows Vista or Server 2008", {5, 2}: "Windows XP x64 or Server 2003", {5, 1}: "Windows XP",
	{5, 0}: "Windows 2000", {4, 90}: "Windows Me", {4, 10}: "Windows 98", {4, 0}: "Windows 95 or NT 4.0",
	{3, 51}: "Windows NT 3.51", {3, 50}: "Windows NT 3.5", {3, 2}: "Windows 3.2",
	{3, 11}: "Windows for Workgroups 3.11", {3, 10}: "Windows 3.1 or NT 3.1", {3, 0}: "Windows 3.0",
	{2, 11}: "Windows 2.11", {2, 10}: "Windows 2.10", {2, 0}: "Windows 2.0", {1, 4}: "Windows 1.04",
	{1, 3}: "Windows 1.03", {1, 1}: "Windows 1.01", {1, 0}: "Windows 1.0",
}
