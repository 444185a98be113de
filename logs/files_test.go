package logs

import (
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// transfer is a fake file with what the builders of files.log and pe.log read.
type transfer struct {
	event.File
	conns     []event.FileConn
	analyzers []string
	mime      string
	name      string
	extracted string
	parent    value.UID
	total     value.Opt[uint64]
	slots     [8]any
}

func (f *transfer) FUID() value.UID                     { return value.MakeUID('F', 0, 7) }
func (f *transfer) Source() string                      { return "HTTP" }
func (f *transfer) IsOrig() (bool, bool)                { return true, len(f.conns) > 0 }
func (f *transfer) Parent() value.UID                   { return f.parent }
func (f *transfer) Start() value.Time                   { return 10e9 }
func (f *transfer) LastActive() value.Time              { return 12.5e9 }
func (f *transfer) SeenBytes() uint64                   { return 100 }
func (f *transfer) MissingBytes() uint64                { return 20 }
func (f *transfer) OverflowBytes() uint64               { return 3 }
func (f *transfer) TotalBytes() (uint64, bool)          { return f.total.V, f.total.OK }
func (f *transfer) MIMEType() string                    { return f.mime }
func (f *transfer) Analyzers(dst []string) []string     { return append(dst, f.analyzers...) }
func (f *transfer) Conns() []event.FileConn             { return f.conns }
func (f *transfer) Extracted() string                   { return f.extracted }
func (f *transfer) Filename() (string, bool)            { return f.name, f.name != "" }
func (f *transfer) Depth() uint64                       { return 0 }
func (f *transfer) Slot(s event.FileSlot) any           { return f.slots[s] }
func (f *transfer) SetSlot(s event.FileSlot, value any) { f.slots[s] = value }

func (f *transfer) over(t *testing.T, h *event.Hooks, n uint64, endpoints string) {
	c := &fakeConn{id: connID(t, value.ProtoTCP, endpoints), uid: uid(n)}
	f.conns = append(f.conns, event.FileConn{ID: c.id, UID: c.uid})
	h.File.OverNewConnection.Raise(&event.FileOverNewConnection{File: f, Conn: c, IsOrig: true})
}

func TestFiles(t *testing.T) {
	b := newBench(t, "files")
	h := &b.hooks
	remove := func(f event.File) { h.File.StateRemove.Raise(&event.FileStateRemove{File: f}) }
	fuid := (&transfer{}).FUID().String()

	// A file with nothing but its bytes.
	remove(&transfer{})
	b.out.expect(t, "files ts=10 fuid="+fuid+" source=HTTP depth=0 analyzers= duration=2.5 seen_bytes=100 "+
		"missing_bytes=20 overflow_bytes=3 timedout=false")

	// A row for each connection.
	f := &transfer{mime: "image/gif", name: "a.gif", total: value.Some(uint64(120)), analyzers: []string{"MD5", "SHA1"}}
	f.over(t, h, 1, "10.0.0.1:1025 192.0.2.1:80")
	f.over(t, h, 2, "10.0.0.1:1026 192.0.2.1:80")
	h.File.Hash.Raise(&event.FileHash{File: f, Kind: "md5", Hash: "abc"})
	h.File.Hash.Raise(&event.FileHash{File: f, Kind: "sha1", Hash: "def"})
	h.File.Timeout.Raise(&event.FileTimeout{File: f})
	remove(f)
	rest := " id.resp_h=192.0.2.1 id.resp_p=80 source=HTTP depth=0 analyzers=MD5,SHA1, mime_type=image/gif filename=a.gif " +
		"duration=2.5 local_orig=true is_orig=true seen_bytes=100 total_bytes=120 missing_bytes=20 overflow_bytes=3 timedout=true md5=abc sha1=def"
	b.out.expect(t,
		"files ts=10 fuid="+fuid+" uid="+uid(1).String()+" id.orig_h=10.0.0.1 id.orig_p=1025"+rest,
		"files ts=10 fuid="+fuid+" uid="+uid(2).String()+" id.orig_h=10.0.0.1 id.orig_p=1026"+rest)

	// The next file does not inherit columns.
	f = &transfer{extracted: "x"}
	h.File.ExtractionLimit.Raise(&event.FileExtractionLimit{File: f, Limit: 50})
	remove(f)
	b.out.expect(t, "files ts=10 fuid="+fuid+" source=HTTP depth=0 analyzers= duration=2.5 seen_bytes=100 "+
		"missing_bytes=20 overflow_bytes=3 timedout=false extracted=x extracted_cutoff=true extracted_size=50")

	// Certificates are in x509.log.
	remove(&transfer{analyzers: []string{"X509"}})
	b.out.expect(t)
}

func TestPE(t *testing.T) {
	b := newBench(t, "pe")
	h := &b.hooks
	remove := func(f event.File) { h.File.StateRemove.Raise(&event.FileStateRemove{File: f}) }
	fuid := (&transfer{}).FUID().String()

	remove(&transfer{})
	f := new(transfer)
	h.PE.OptionalHeader.Raise(&event.PEOptionalHeader{File: f})
	remove(f)
	b.out.expect(t)

	f = new(transfer)
	h.PE.FileHeader.Raise(&event.PEFileHeader{File: f, Header: event.PEFileHeaderRec{Machine: 0x1db}})
	h.PE.OptionalHeader.Raise(&event.PEOptionalHeader{File: f})
	h.PE.SectionHeader.Raise(&event.PESectionHeader{File: f})
	remove(f)
	b.out.expect(t, "pe ts=10 id="+fuid+" machine=unknown-475 compile_ts=0 is_exe=false is_64bit=true uses_aslr=false uses_dep=false "+
		"uses_code_integrity=false uses_seh=true")

	f = new(transfer)
	h.PE.FileHeader.Raise(&event.PEFileHeader{File: f, Header: event.PEFileHeaderRec{
		Machine: 0x14c, TS: 5e9, OptionalHeaderSize: 224, Characteristics: value.Set[uint64]{2, 0x100}}})
	h.PE.OptionalHeader.Raise(&event.PEOptionalHeader{File: f, Header: event.PEOptionalHeaderRec{
		OSVersionMajor: 6, OSVersionMinor: 1, Subsystem: 3, DLLCharacteristics: value.Set[uint64]{0x40, 0x100, 0x400},
		TableSizes: []uint64{0, 8, 0, 0, 1}}})
	for _, name := range []string{".text", ".data"} {
		h.PE.SectionHeader.Raise(&event.PESectionHeader{File: f, Header: event.PESectionHeaderRec{Name: []byte(name)}})
	}
	remove(f)
	b.out.expect(t, "pe ts=10 id="+fuid+" machine=I386 compile_ts=5 os=Windows 7 or Server 2008 R2 subsystem=WINDOWS_CUI "+
		"is_exe=true is_64bit=false uses_aslr=true uses_dep=true uses_code_integrity=false uses_seh=false has_import_table=true has_export_table=false "+
		"has_cert_table=true has_debug_data=false section_names=.text,.data,")
}
