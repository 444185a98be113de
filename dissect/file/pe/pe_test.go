package pe

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/value"
)

type clock struct{}

func (clock) Now() value.Time           { return 0 }
func (clock) Clock() value.Time         { return 0 }
func (clock) PacketNum() uint64         { return 1 }
func (clock) SetNow(value.Time, uint64) {}

// events analyzes data in pieces of n bytes and returns the events.
func events(data []byte, n int) []string {
	var got []string
	h := new(event.Hooks)
	note := func(name string, v any) { got = append(got, fmt.Sprintf("%s %v", name, v)) }
	h.PE.DOSHeader.Listen(func(e *event.PEDOSHeader) { note("dos", e.Header) })
	h.PE.DOSCode.Listen(func(e *event.PEDOSCode) { note("code", string(e.Code)) })
	h.PE.FileHeader.Listen(func(e *event.PEFileHeader) { note("file", e.Header) })
	h.PE.OptionalHeader.Listen(func(e *event.PEOptionalHeader) { note("optional", e.Header) })
	h.PE.SectionHeader.Listen(func(e *event.PESectionHeader) {
		note("section", string(e.Header.Name)+" "+fmt.Sprint(e.Header.VirtualSize, e.Header.Characteristics))
	})
	h.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) { note("violation", string(e.Info.Reason)) })
	m := files.New(files.DefaultOptions(), h, clock{}, nil)
	Register(m, h)
	from := &files.Carrier{Source: "HTTP", MIME: "application/x-dosexec"}
	id := m.ID(nil, []byte("x"))
	for len(data) > 0 {
		k := min(n, len(data))
		m.Data(id, from, data[:k])
		data = data[k:]
	}
	m.End(id)
	return got
}

// program returns the headers of an executable.
func program(magic uint16, optional, tables int, sections ...string) []byte {
	b := make([]byte, dosHeaderLen)
	copy(b, "MZ")
	code := "This program cannot be run in DOS mode."
	binary.LittleEndian.PutUint32(b[60:], uint32(dosHeaderLen+len(code)))
	b = append(b, code...)
	h := make([]byte, fileHeaderLen)
	copy(h, "PE\x00\x00")
	binary.LittleEndian.PutUint16(h[4:], 0x8664)
	binary.LittleEndian.PutUint16(h[6:], uint16(len(sections)))
	binary.LittleEndian.PutUint32(h[8:], 1_600_000_000)
	binary.LittleEndian.PutUint16(h[20:], uint16(optional))
	binary.LittleEndian.PutUint16(h[22:], 0x22)
	b = append(b, h...)
	o := make([]byte, max(optional, 2))
	binary.LittleEndian.PutUint16(o, magic)
	at := map[uint16]int{magicPE32: 92, magicPE32Plus: 108, magicROM: 72}[magic]
	if at > 0 && at+4 <= optional {
		binary.LittleEndian.PutUint32(o[at:], uint32(tables))
		for i := at + 4; i+8 <= optional; i += 8 {
			binary.LittleEndian.PutUint32(o[i+4:], uint32(i))
		}
	}
	b = append(b, o[:optional]...)
	for _, name := range sections {
		s := make([]byte, sectionHeaderLen)
		copy(s, name)
		s[8], s[36], s[39] = 7, 0x20, 0x60
		b = append(b, s...)
	}
	return append(b, "the rest"...)
}

// outOfBound returns the events of a file whose optional header is cut off.
func outOfBound(detail string) []string {
	return []string{"dos", "code", "file", "violation Binpac exception: binpac exception: out_of_bound: " + detail}
}

func TestHeaders(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want []string
	}{
		{"64 bits", program(magicPE32Plus, 112+16, 2, ".text", ".dataset"),
			[]string{"dos", "code This", "file {34404 1600000000", "optional {523", "section .text 7 [32 536870912 1073741824]", "section .dataset 7"}},
		{"32 bits", program(magicPE32, 96+128, 16, ".text"), []string{"dos", "code", "file", "optional {267", "section .text"}},
		{"ROM", program(magicROM, 76, 0), []string{"dos", "code", "file", "optional {263"}},
		{"object file", program(0, 0, 0, ".obj"), []string{"dos", "code", "file", "section .obj"}},
		{"another magic number", program(0x999, 224, 0, ".text"), []string{"dos", "code", "file", "section .text"}},
		{"optional header cut short", program(magicPE32, 95, 0), outOfBound("Optional_Header:number_of_rva_and_sizes: 96 > 95")},
		{"first fields cut short", program(magicPE32, 23, 0), outOfBound("Optional_Header:base_of_code: 24 > 23")},
		{"base of data cut short", program(magicPE32, 27, 0), outOfBound("Optional_Header:base_of_data: 28 > 27")},
		{"image base cut short", program(magicPE32, 31, 0), outOfBound("Optional_Header:image_base_32: 32 > 31")},
		{"image base of 64 bits cut short", program(magicPE32Plus, 31, 0), outOfBound("Optional_Header:image_base_64: 32 > 31")},
		{"fields cut short", program(magicPE32Plus, 71, 0), outOfBound("Optional_Header:dll_characteristics: 72 > 71")},
		{"sizes cut short", program(magicPE32, 87, 0), outOfBound("Mem_Info32: 16 > 15")},
		{"sizes of 64 bits cut short", program(magicPE32Plus, 72, 0), outOfBound("Mem_Info64: 32 > 0")},
		{"end cut short", program(magicROM, 75, 0), outOfBound("Optional_Header:number_of_rva_and_sizes: 76 > 75")},
		{"more tables than there is room", program(magicPE32, 96+8, 1<<20), outOfBound("RVAS:rvas: 1048576 > 8")},
		{"2^32-1 tables", program(magicPE32Plus, 112+9, -1), outOfBound("RVAS:rvas: -1 > 9")},
		{"offset within the DOS header", append([]byte("MZ"), make([]byte, 100)...), []string{"violation Binpac exception"}},
		{"cut off", program(magicPE32, 224, 16, ".text")[:200], []string{"dos", "code", "file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			whole := events(tt.data, len(tt.data))
			if !slices.EqualFunc(whole, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", whole, tt.want)
			}
			for _, n := range []int{1, 7, 64, 100} {
				if got := events(tt.data, n); !slices.Equal(got, whole) {
					t.Errorf("in pieces of %d bytes: %q", n, got)
				}
			}
		})
	}
}

func FuzzPE(f *testing.F) {
	f.Add(program(magicPE32Plus, 240, 16, ".text", ".rdata"), uint8(3))
	f.Add(program(magicPE32, 224, 16, ".text"), uint8(60))
	f.Add(program(magicROM, 76, 0), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		whole := events(data, max(len(data), 1))
		if got := events(data, int(n)+1); !slices.Equal(got, whole) {
			t.Fatalf("in pieces of %d bytes: %q, not %q", int(n)+1, got, whole)
		}
	})
}
