package mime

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// node is an entity whose handler records its calls.
type node struct {
	Entity
	rec *recording
}

type recording struct {
	out     []string
	scratch Scratch
	open    int
}

func (r *recording) add(format string, a ...any) { r.out = append(r.out, fmt.Sprintf(format, a...)) }

func newNode(r *recording, parent *Entity) *node {
	n := &node{rec: r}
	n.Begin(n, parent, &r.scratch)
	r.open++
	return n
}

func (n *node) Header(h *Header) {
	folded := ""
	if h.Folded {
		folded = " folded"
	}
	n.rec.add("%s=%s [%s|%s]%s", h.Name, h.Value, h.Token(), h.AfterToken(), folded)
}
func (n *node) EndOfHeaders() {
	ty, sub := n.ContentType()
	n.rec.add("%s/%s", ty, sub)
}
func (n *node) Data(b []byte) { n.rec.add("data %q", b) }
func (n *node) Child() Node {
	n.rec.add("(")
	return newNode(n.rec, &n.Entity)
}
func (n *node) Illegal(encoding bool, detail string) { n.rec.add("! %v %s", encoding, detail) }
func (n *node) Base64Weird(detail string)            { n.rec.add("base64: %s", detail) }
func (n *node) Exceeded(l Limit, x int)              { n.rec.add("weird %s %d", l.Weird(), x) }
func (n *node) Over()                                { n.rec.open-- }
func (n *node) Release(Node)                         { n.rec.add(")") }

// read parses a message of lines.
func read(message string) []string {
	r := &recording{scratch: Scratch{Options: DefaultOptions(), Piece: 16}}
	n := newNode(r, nil)
	for _, line := range strings.Split(message, "\n") {
		n.Deliver([]byte(line), true)
	}
	n.EndOfData()
	if r.open != 0 {
		r.add("%d entities are not over", r.open)
	}
	return r.out
}

func TestEntity(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"plain", "A: b c\nno field\n B-c : (x) d\n\nbody", []string{
			"A=b c [b| c]", "TEXT/PLAIN", `data "body\r\n"`}},
		{"folded", "A: b\n c;\n\td\n\n", []string{"A=b c;\td [b| c;\td] folded", "TEXT/PLAIN", `data "\r\n"`}},
		{"blank first", " A: b\n\n", []string{"! false first header line starts with linear whitespace",
			"A=b [b|]", "TEXT/PLAIN", `data "\r\n"`}},
		{"no body", "A: b", []string{"A=b [b|]", "TEXT/PLAIN", "! false entity body missing"}},
		{"pieces", "\n0123456789abcdefgh", []string{"TEXT/PLAIN", `data "0123456789abcdef"`, `data "gh\r\n"`}},
		{"multipart", "Content-Type: multipart/mixed; x=y; boundary=\"a\\b\"\n\npreamble\n--ab\n\none\ntwo\n--abX\nContent-Type: text/html\n\n<p>\n--ab--\nepilogue",
			[]string{`Content-Type=multipart/mixed; x=y; boundary="a\b" [multipart|/mixed; x=y; boundary="a\b"]`, "MULTIPART/MIXED",
				"(", "TEXT/PLAIN", `data "one"`, `data "\r\ntwo"`, ")",
				"(", "Content-Type=text/html [text|/html]", "TEXT/HTML", `data "<p>"`, ")"}},
		{"no closing", "Content-Type: multipart/mixed; boundary=ab\n\n--ab\n\none", []string{
			"Content-Type=multipart/mixed; boundary=ab [multipart|/mixed; boundary=ab]", "MULTIPART/MIXED",
			"(", "TEXT/PLAIN", `data "one"`, "! false multipart closing boundary delimiter missing", ")"}},
		{"no boundary", "Content-Type: multipart/mixed; =; b\n\nx", []string{
			"! false = not found in parameter specification",
			"! false boundary delimiter is not specified for a multipart entity -- content is treated as type application/octet-stream",
			"Content-Type=multipart/mixed; =; b [multipart|/mixed; =; b]", "MULTIPART/MIXED", `data "x\r\n"`}},
		{"message", "Content-Type: message/rfc822\n\nA: b\n\nin", []string{
			"Content-Type=message/rfc822 [message|/rfc822]", "MESSAGE/RFC822", "(", "A=b [b|]", "TEXT/PLAIN", `data "in\r\n"`, ")"}},
		{"bad type", "Content-Type: text\n\n", []string{"! false media type/subtype not found in content type",
			"Content-Type=text [text|]", "TEXT/PLAIN", `data "\r\n"`}},
		{"quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\na=3D=\nb  \n=4\x01", []string{
			"Content-Transfer-Encoding=quoted-printable [quoted-printable|]", "TEXT/PLAIN", `data "a="`, `data "b\r\n"`,
			"! true = is not followed by two hexadecimal digits in quoted-printable encoding",
			"! true control characters in quoted-printable encoding: 1", `data "=4\x01\r\n"`}},
		{"base64", "Content-Transfer-Encoding: base64\n\naGVs\nbG8*hIQ==\naGk=\naG", []string{
			"Content-Transfer-Encoding=base64 [base64|]", "TEXT/PLAIN", `data "hel"`,
			"base64: character 42 ignored by Base64 decoding", `data "lo!!"`,
			"base64: incomplete base64 group, padding with 12 bits of 0"}},
	} {
		if got := read(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

func TestDepth(t *testing.T) {
	var b strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%05d\n\n--b%05d\n", i, i)
	}
	n, weirds := 0, 0
	for _, s := range read(b.String()) {
		if s == "(" {
			n++
		}
		if strings.HasPrefix(s, "weird "+limitDepth.Weird()) {
			weirds++
		}
	}
	if n != DefaultOptions().Depth || weirds == 0 {
		t.Errorf("%d entities deep, %d weirds", n, weirds)
	}
}

func TestHeaderLimit(t *testing.T) {
	out := read("A: b\n" + strings.Repeat(" "+strings.Repeat("x", 1000)+"\n", 1000) + "\n")
	if !slices.Contains(out, "weird "+LimitHeader.Weird()+" 66070") {
		t.Errorf("no weird in %.300q", out)
	}
	for _, s := range out {
		if len(s) > 3*DefaultOptions().Header {
			t.Errorf("a header of %d bytes", len(s))
		}
	}
}

// FuzzEntity checks for panics, entities that never end, and excess data.
func FuzzEntity(f *testing.F) {
	f.Add("Content-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Transfer-Encoding: base64\n\naGVs\n--ab--\n")
	f.Add("A: (b\\)) c\n d\nContent-Type: message/rfc822;\n\nContent-Transfer-Encoding: quoted-printable\n\n=3d=\n")
	f.Fuzz(func(t *testing.T, message string) {
		n := 0
		for _, s := range read(message) {
			if strings.HasSuffix(s, "not over") {
				t.Fatal(s)
			}
			if q, ok := strings.CutPrefix(s, "data "); ok {
				data, err := strconv.Unquote(q)
				if err != nil {
					t.Fatal(err)
				}
				n += len(data)
			}
		}
		if n > 8*len(message)+1000 {
			t.Fatalf("%d bytes of data out of %d", n, len(message))
		}
	})
}

func BenchmarkHeaders(b *testing.B) {
	lines := bytes.Split([]byte("Host: www.example.org\nUser-Agent: something (like this) 1.0\nAccept: */*\nContent-Type: text/html; charset=utf-8\n"), []byte("\n"))
	n := &silent{}
	s := Scratch{Options: DefaultOptions(), Piece: 1500}
	b.ReportAllocs()
	for b.Loop() {
		n.Begin(n, nil, &s)
		for _, l := range lines {
			n.Deliver(l, true)
		}
		n.EndOfData()
	}
}

type silent struct{ Entity }

func (*silent) Header(*Header)       {}
func (*silent) EndOfHeaders()        {}
func (*silent) Data([]byte)          {}
func (*silent) Child() Node          { return nil }
func (*silent) Illegal(bool, string) {}
func (*silent) Base64Weird(string)   {}
func (*silent) Exceeded(Limit, int)  {}
func (*silent) Over()                {}
func (*silent) Release(Node)         {}
