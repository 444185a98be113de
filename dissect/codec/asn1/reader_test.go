package asn1

import (
	"slices"
	"testing"
)

func TestReader(t *testing.T) {
	var long9 []int
	tooLong := func(n int) { long9 = append(long9, n) }
	const long = "\x02\x09123456789"
	r := NewReader([]byte("\x30\x82\x01\x00"+"\xa3\x03\x02\x01\x05"+long+"\x04\x80"+"\x1b\x03abcrest"), tooLong)
	if h := r.Header(); h != (Header{TagSequence, 0x82, 256}) {
		t.Errorf("%+v", h)
	}
	start := r.Pos()
	if h := r.Header(); h.Index() != 3 || r.Number(r.Value()) != 5 {
		t.Errorf("%+v", h)
	}
	if r.Number(r.Value()) != 0 || !slices.Equal(long9, []int{9}) {
		t.Error("a number of nine bytes:", long9)
	}
	if b := r.Value(); b == nil || len(b) != 0 {
		t.Errorf("a length of no octets: %q", b)
	}
	r.Skip(1)
	in := r.Inside("", start, 3)
	if string(in.Rest()) != "abc" || in.More() || string(r.Rest()) != "rest" || r.More() || !r.OK() {
		t.Error(r.Err())
	}
}

func TestElement(t *testing.T) {
	r := NewReader([]byte("\x04\x02ab\x30\x81\x03cde\x05\x00\x04\x02a"), nil)
	for _, want := range []string{"\x04ab", "\x30cde", "\x05"} {
		if tag, b := r.Element(); string(tag)+string(b) != want || !r.OK() {
			t.Errorf("%#x %q, want %q", tag, b, want)
		}
	}
	if r.Element(); r.OK() {
		t.Error("an element longer than the input")
	}
}

func TestErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		read func(r *Reader)
		want string
	}{
		"nothing":            {"", func(r *Reader) { r.Header() }, "ASN1EncodingMeta:len: 2 > 0"},
		"length of a length": {"\x60\x84\x00", func(r *Reader) { r.Header() }, "ASN1EncodingMeta:more_len: 6 > 3"},
		"value":              {"\x04\x10abc", func(r *Reader) { r.Value() }, "ASN1Encoding:content: 18 > 5"},
		"negative":           {"\x04\x84\xff\xff\xff\xf0", func(r *Reader) { r.Value() }, "ASN1Encoding:content: -10 > 6"},
		"tagged":             {"\xa0\x03\x02\x01", func(r *Reader) { r.Tagged() }, "ASN1Encoding:content: 3 > 2"},
		"the first":          {"\x04\x02a", func(r *Reader) { r.Value(); r.Header() }, "ASN1Encoding:content: 4 > 3"},
		"inside": {"\x30\x02\x04\x01", func(r *Reader) {
			r.Header()
			in := r.Inside("", r.Pos(), 2)
			in.Value()
			r.Join(&in)
		}, "ASN1Encoding:content: 3 > 2"},
		"too much inside": {"\x30\x05\x04\x01a", func(r *Reader) {
			h := r.Header()
			in := r.Inside("part", 0, h.Length)
			in.Value()
			r.Join(&in)
		}, "part: 7 > 5"},
	} {
		r := NewReader([]byte(tt.in), nil)
		tt.read(&r)
		if r.OK() || r.Err().Error() != "Binpac exception: binpac exception: out_of_bound: "+tt.want {
			t.Errorf("%s: %v, want %s", name, r.Err(), tt.want)
		}
		if r.More() || r.Value() != nil || r.Take("", 0, 0) != nil {
			t.Errorf("%s: something is read after it", name)
		}
	}
}
