// Package pe analyzes the headers of Portable Executable files, the programs and
// libraries of Windows, carried by a connection. Offsets and names are those of
// Microsoft's "PE Format"; which files are accepted follows Zeek's
// src/file_analysis/analyzer/pe.
package pe

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/internal/freelist"
	"github.com/wirelog/wirelog/value"
)

const (
	dosHeaderLen     = 64
	fileHeaderLen    = 24 // with the signature "PE\0\0"
	sectionHeaderLen = 40

	// maxDOSCode bounds the DOS program: a file with a longer one is not taken for
	// an executable.
	maxDOSCode = 4 << 20
	// maxKeptDOSCode is the length of the longest DOS program that is kept for
	// PEDOSCode.
	maxKeptDOSCode = 64 << 10
)

// Values of the magic number of the optional header.
const (
	magicROM      = 0x107
	magicPE32     = 0x10b
	magicPE32Plus = 0x20b
)

// tag is the analyzer's name in events.
const tag value.Enum = "Files::ANALYZER_PE"

// Register starts the analysis of executables. It may only be called while the pipeline
// is built.
func Register(m *files.Manager, hooks *event.Hooks) {
	p := &pool{hooks: hooks}
	m.Register(&files.Kind{Name: "PE", MIMETypes: []string{"application/x-dosexec"}, New: p.get, Release: p.put})
}

// pool keeps analyzers for reuse and holds their scratch.
type pool struct {
	hooks *event.Hooks
	free  freelist.List[analyzer]

	bits  []uint64
	sizes []uint64
}

func (p *pool) get(_ *files.Manager, f *files.File) files.Analyzer {
	a := p.free.Get()
	a.pool = p
	a.f, a.next, a.need, a.skip = f, (*analyzer).dosHeader, dosHeaderLen, 0
	return a
}

func (p *pool) put(x files.Analyzer) {
	a := x.(*analyzer)
	a.f = nil
	if cap(a.buf) > maxKeptDOSCode {
		a.buf = nil
	}
	a.buf = a.buf[:0]
	p.free.Put(a)
}

// analyzer collects and parses one header after the other.
type analyzer struct {
	*pool
	f *files.File
	// next parses the following need bytes, after skip bytes that are ignored.
	// It is nil when nothing is left to parse.
	next func(a *analyzer, b []byte)
	need int
	skip int
	buf  []byte

	sections int
	optional int // length of the optional header
}

// Data takes the next bytes of the file.
func (a *analyzer) Data(b []byte) bool {
	for a.next != nil {
		if a.skip > 0 {
			n := min(a.skip, len(b))
			b = b[n:]
			if a.skip -= n; a.skip > 0 {
				return true
			}
		}
		var part []byte
		if len(a.buf) > 0 || len(b) < a.need {
			n := min(a.need-len(a.buf), len(b))
			a.buf = append(a.buf, b[:n]...)
			b = b[n:]
			if len(a.buf) < a.need {
				return true
			}
			part = a.buf
		} else {
			part, b = b[:a.need], b[a.need:]
		}
		a.next(a, part)
		a.buf = a.buf[:0]
	}
	return false
}

// Gap is ignored, as in Zeek: parsing goes on as if nothing were missing.
func (a *analyzer) Gap(uint64, uint64) bool { return true }

// End does nothing: a truncated header is ignored.
func (a *analyzer) End() {}

func (a *analyzer) then(need int, next func(a *analyzer, b []byte)) { a.need, a.next = need, next }

// violation ends the analysis.
func (a *analyzer) violation(reason string) {
	a.next = nil
	if e := a.hooks.Analyzer.ViolationInfo.Begin(); e != nil {
		*e = event.AnalyzerViolationInfo{AType: tag, File: a.f}
		e.Info.Reason = []byte(reason)
		a.hooks.Analyzer.ViolationInfo.Raise(e)
	}
}

func u16(b []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint16(b[at:])) }
func u32(b []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint32(b[at:])) }

func (a *analyzer) dosHeader(b []byte) {
	at := u32(b, 60)
	if at < dosHeaderLen || at-dosHeaderLen >= maxDOSCode {
		a.violation("Binpac exception: binpac exception: &enforce violation : DOS_Header:AddressOfNewExeHeader")
		return
	}
	if e := a.hooks.PE.DOSHeader.Begin(); e != nil {
		*e = event.PEDOSHeader{File: a.f, Header: event.PEDOSHeaderRec{
			Signature: b[:2], UsedBytesInLastPage: u16(b, 2), FileInPages: u16(b, 4), NumRelocItems: u16(b, 6),
			HeaderInParagraphs: u16(b, 8), MinExtraParagraphs: u16(b, 10), MaxExtraParagraphs: u16(b, 12),
			InitRelativeSS: u16(b, 14), InitSP: u16(b, 16), Checksum: u16(b, 18), InitIP: u16(b, 20),
			InitRelativeCS: u16(b, 22), AddrOfRelocTable: u16(b, 24), OverlayNum: u16(b, 26),
			OEMID: u16(b, 36), OEMInfo: u16(b, 38), AddrOfNewEXEHeader: at,
		}}
		a.hooks.PE.DOSHeader.Raise(e)
	}
	n := int(at - dosHeaderLen)
	if a.hooks.PE.DOSCode.On() && n <= maxKeptDOSCode {
		a.then(n, (*analyzer).dosCode)
		return
	}
	a.skip = n
	a.then(fileHeaderLen, (*analyzer).fileHeader)
}

func (a *analyzer) dosCode(b []byte) {
	if e := a.hooks.PE.DOSCode.Begin(); e != nil {
		*e = event.PEDOSCode{File: a.f, Code: b}
		a.hooks.PE.DOSCode.Raise(e)
	}
	a.then(fileHeaderLen, (*analyzer).fileHeader)
}

// fileHeader parses the file header. Like Zeek, it ignores the signature.
func (a *analyzer) fileHeader(b []byte) {
	b = b[4:]
	a.sections, a.optional = int(u16(b, 2)), int(u16(b, 16))
	if e := a.hooks.PE.FileHeader.Begin(); e != nil {
		*e = event.PEFileHeader{File: a.f, Header: event.PEFileHeaderRec{
			Machine: u16(b, 0), TS: value.Time(u32(b, 4)) * 1e9, SymTablePtr: u32(b, 8), NumSyms: u32(b, 12),
			OptionalHeaderSize: u16(b, 16), Characteristics: a.set(u16(b, 18)),
		}}
		a.hooks.PE.FileHeader.Raise(e)
	}
	if a.optional > 0 {
		a.then(a.optional, (*analyzer).optionalHeader)
	} else {
		a.wantSections()
	}
}

func (a *analyzer) wantSections() {
	if a.sections == 0 {
		a.next = nil
		return
	}
	a.then(a.sections*sectionHeaderLen, (*analyzer).sectionHeaders)
}

// set returns the set of the bits in v, valid until the next call.
func (p *pool) set(v uint64) value.Set[uint64] {
	p.bits = p.bits[:0]
	for bit := uint64(1); bit != 0 && bit <= v; bit <<= 1 {
		if v&bit != 0 {
			p.bits = append(p.bits, bit)
		}
	}
	return p.bits
}

func (a *analyzer) optionalHeader(b []byte) {
	magic := uint64(0)
	if len(b) >= 2 {
		magic = u16(b, 0)
	}
	// The fields after base_of_code are at different offsets in the three
	// formats.
	base, word, mem := 24, 4, 0
	switch magic {
	case magicPE32:
		base, mem = 28, 16
	case magicPE32Plus:
		word, mem = 8, 32
	}
	at := base + word // section_alignment
	tables := at + 40 + mem + 8
	if len(b) < tables {
		a.shortOptionalHeader(magic, base, word, mem, len(b))
		return
	}
	num := u32(b, tables-4)
	if num > uint64(len(b)-tables)/8 {
		a.outOfBound("RVAS:rvas", int(int32(uint32(num))), len(b)-tables)
		return
	}
	if h := &a.hooks.PE.OptionalHeader; h.On() && (magic == magicPE32 || magic == magicPE32Plus || magic == magicROM) {
		a.sizes = a.sizes[:0]
		for i := range int(num) {
			a.sizes = append(a.sizes, u32(b, tables+8*i+4))
		}
		e := h.Begin()
		*e = event.PEOptionalHeader{File: a.f, Header: event.PEOptionalHeaderRec{
			Magic: magic, MajorLinkerVersion: uint64(b[2]), MinorLinkerVersion: uint64(b[3]),
			SizeOfCode: u32(b, 4), SizeOfInitData: u32(b, 8), SizeOfUninitData: u32(b, 12),
			AddrOfEntryPoint: u32(b, 16), BaseOfCode: u32(b, 20),
			SectionAlignment: u32(b, at), FileAlignment: u32(b, at+4),
			OSVersionMajor: u16(b, at+8), OSVersionMinor: u16(b, at+10),
			MajorImageVersion: u16(b, at+12), MinorImageVersion: u16(b, at+14),
			MajorSubsysVersion: u16(b, at+16), MinorSubsysVersion: u16(b, at+18),
			SizeOfImage: u32(b, at+24), SizeOfHeaders: u32(b, at+28), Checksum: u32(b, at+32),
			Subsystem: u16(b, at+36), DLLCharacteristics: a.set(u16(b, at+38)), TableSizes: a.sizes,
		}}
		if magic == magicPE32 {
			e.Header.BaseOfData = value.Some(u32(b, 24))
		}
		if word == 8 {
			e.Header.ImageBase = binary.LittleEndian.Uint64(b[base:])
		} else {
			e.Header.ImageBase = u32(b, base)
		}
		h.Raise(e)
	}
	a.wantSections()
}

// shortOptionalHeader reports the field at which an optional header of n bytes is cut
// off. Zeek reads the fields in groups and names the last of a group.
func (a *analyzer) shortOptionalHeader(magic uint64, base, word, mem, n int) {
	at := base + word
	switch {
	case n < 24:
		a.outOfBound("Optional_Header:base_of_code", 24, n)
	case n < base:
		a.outOfBound("Optional_Header:base_of_data", base, n)
	case n < at:
		a.outOfBound("Optional_Header:image_base_"+strconv.Itoa(8*word), at, n)
	case n < at+40:
		a.outOfBound("Optional_Header:dll_characteristics", at+40, n)
	case n < at+40+mem && magic == magicPE32Plus:
		a.outOfBound("Mem_Info64", mem, n-at-40)
	case n < at+40+mem:
		a.outOfBound("Mem_Info32", mem, n-at-40)
	default:
		a.outOfBound("Optional_Header:number_of_rva_and_sizes", at+40+mem+8, n)
	}
}

// outOfBound ends the analysis at a field that needs need bytes of which only have are
// present.
func (a *analyzer) outOfBound(field string, need, have int) {
	a.violation("Binpac exception: binpac exception: out_of_bound: " + field + ": " +
		strconv.Itoa(need) + " > " + strconv.Itoa(have))
}

func (a *analyzer) sectionHeaders(b []byte) {
	a.next = nil
	h := &a.hooks.PE.SectionHeader
	if !h.On() {
		return
	}
	for ; len(b) >= sectionHeaderLen; b = b[sectionHeaderLen:] {
		name := b[:8]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		e := h.Begin()
		*e = event.PESectionHeader{File: a.f, Header: event.PESectionHeaderRec{
			Name: name, VirtualSize: u32(b, 8), VirtualAddr: u32(b, 12), SizeOfRawData: u32(b, 16),
			PtrToRawData: u32(b, 20), PtrToRelocs: u32(b, 24), PtrToLineNums: u32(b, 28),
			NumOfRelocs: u16(b, 32), NumOfLineNums: u16(b, 34), Characteristics: a.set(u32(b, 36)),
		}}
		h.Raise(e)
	}
}
