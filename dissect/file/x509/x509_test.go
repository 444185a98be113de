package x509

import (
	"bytes"
	"crypto/sha256"
	stdx509 "crypto/x509"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/value"
)

var update = flag.Bool("update", false, "write the golden files")

type clock struct{}

func (clock) Now() value.Time           { return 0 }
func (clock) Clock() value.Time         { return 0 }
func (clock) PacketNum() uint64         { return 1 }
func (clock) SetNow(value.Time, uint64) {}

// bench is a file manager whose events are recorded.
type bench struct {
	m     *files.Manager
	lines []string
}

func newBench() *bench {
	b := new(bench)
	h := new(event.Hooks)
	note := func(name string, v ...any) { b.lines = append(b.lines, fmt.Sprintf("%s %+v", name, v)) }
	ext := func(x event.X509ExtensionRecord) string {
		return fmt.Sprintf("%s/%s/%s/%v %q", x.Name, x.ShortName.V, x.OID, x.Critical, x.Value)
	}
	h.Weird.File.Listen(func(e *event.FileWeird) { note("weird", e.Name, string(e.Addl)) })
	h.X509.Certificate.Listen(func(e *event.X509Certificate) {
		note("certificate", e.Cert, e.Fingerprint, e.HasSAN, len(e.Ref))
	})
	h.X509.Extension.Listen(func(e *event.X509Extension) { note("extension", ext(e.Ext)) })
	h.X509.ExtBasicConstraints.Listen(func(e *event.X509ExtBasicConstraints) { note("basic", e.Ext) })
	h.X509.ExtSubjectAlternativeName.Listen(func(e *event.X509ExtSubjectAlternativeName) { note("san", e.Ext) })
	h.X509.OCSPExtSignedCertificateTimestamp.Listen(func(e *event.X509OCSPExtSignedCertificateTimestamp) {
		note("sct", e.Version, hex.EncodeToString(e.LogID), e.Timestamp, e.HashAlgorithm, e.SignatureAlgorithm, len(e.Signature))
	})
	h.OCSP.Request.Listen(func(e *event.OCSPRequest) { note("request", e.Version) })
	h.OCSP.RequestCertificate.Listen(func(e *event.OCSPRequestCertificate) {
		note("request certificate", e.HashAlgorithm, e.IssuerNameHash, e.IssuerKeyHash, e.SerialNumber)
	})
	h.OCSP.ResponseStatus.Listen(func(e *event.OCSPResponseStatus) { note("status", e.Status) })
	h.OCSP.ResponseCertificate.Listen(func(e *event.OCSPResponseCertificate) {
		note("response certificate", e.HashAlgorithm, e.IssuerNameHash, e.IssuerKeyHash, e.SerialNumber, e.CertStatus,
			e.RevokeTime, e.RevokeReason, e.ThisUpdate, e.NextUpdate)
	})
	h.OCSP.ResponseBytes.Listen(func(e *event.OCSPResponseBytes) {
		note("response", e.Status, e.Version, e.ResponderID, e.ProducedAt, e.SignatureAlgorithm, len(e.Certs))
	})
	h.OCSP.Extension.Listen(func(e *event.OCSPExtension) { note("ocsp extension", ext(e.Ext), e.GlobalResp) })
	b.m = files.New(files.DefaultOptions(), h, clock{}, nil)
	Register(b.m, h, DefaultOptions())
	return b
}

// file passes a file in pieces of n bytes and returns what was raised.
func (b *bench) file(mime string, data []byte, n int) []string {
	b.lines = nil
	from := &files.Carrier{Source: "HTTP", MIME: mime}
	id := b.m.ID(nil, []byte("x"))
	for len(data) > 0 {
		k := min(n, len(data))
		b.m.Data(id, from, data[:k])
		data = data[k:]
	}
	b.m.End(id)
	return b.lines
}

// mimes are the media types of the files in testdata.
var mimes = map[string]string{".der": mimeUser, ".ocsp": mimeOCSPResponse}

func mimeOf(name string) string {
	if strings.HasPrefix(filepath.Base(name), "request") {
		return mimeOCSPRequest
	}
	return mimes[filepath.Ext(name)]
}

func testFiles(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.der", "*.ocsp"} {
		some, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, some...)
	}
	if len(names) == 0 {
		t.Fatal("no files")
	}
	return names
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGolden compares the events of files made with OpenSSL. Names, algorithms and
// extensions are expected as OpenSSL 3.0 writes them.
func TestGolden(t *testing.T) {
	for _, name := range testFiles(t) {
		data := read(t, name)
		got := strings.Join(newBench().file(mimeOf(name), data, len(data)), "\n") + "\n"
		golden := name + ".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := string(read(t, golden)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		b := newBench()
		for _, n := range []int{1, 7, 100} { // all but the first come from the cache
			if parts := strings.Join(b.file(mimeOf(name), data, n), "\n") + "\n"; parts != got {
				t.Errorf("%s in pieces of %d bytes:\n%s\nwant\n%s", name, n, parts, got)
			}
		}
	}
}

// TestRefused parses certificates that the standard library refuses.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ file, keyType, serial string }{
		{"k256.der", "ecdsa", "00"},
		{"p384.der", "ecdsa", "-05"},
		{"pss.der", "RSA-PSS", "8000000000000000000000000000000000000000"},
	} {
		data := read(t, filepath.Join("testdata", c.file))
		if std, err := stdx509.ParseCertificate(data); err == nil && std.PublicKey != nil {
			t.Errorf("%s: the standard library takes it", c.file)
		}
		cert := testParser().certificate(data)
		if cert == nil || cert.record.KeyType != value.Some(c.keyType) || cert.record.Serial != c.serial {
			t.Errorf("%s: %+v", c.file, cert)
		}
	}
}

func TestTrailingBytes(t *testing.T) {
	data := read(t, filepath.Join("testdata", "p384.der"))
	e := newCached(append(bytes.Clone(data), "and more"...), testParser())
	sum := sha256.Sum256(data)
	if e.cert == nil || e.fingerprint != hex.EncodeToString(sum[:]) || e.fingerprint == e.sha256 {
		t.Errorf("fingerprint %s", e.fingerprint)
	}
}

// TestCut verifies that truncated files raise a weird and nothing else.
func TestCut(t *testing.T) {
	for _, name := range testFiles(t) {
		data := read(t, name)
		b := newBench()
		for n := 1; n < len(data); n++ {
			got := b.file(mimeOf(name), data[:n], n)
			if len(got) != 1 || !strings.Contains(got[0], "_parse_error") {
				t.Fatalf("%s cut to %d bytes: %q", name, n, got)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	nested := bytes.Repeat([]byte{0x30, 0x80}, 10_000)
	var definite []byte
	for range 10_000 {
		n := len(definite)
		definite = append([]byte{0x30, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, definite...)
	}
	for name, data := range map[string][]byte{
		"indefinite":   nested,
		"definite":     definite,
		"2^56 bytes":   {0x30, 0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3},
		"2^64 bytes":   {0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3},
		"long tag":     bytes.Repeat([]byte{0xff}, 100),
		"no length":    {0x30},
		"end of value": {0x30, 0x80, 0, 0},
	} {
		for _, mime := range []string{mimeCA, mimeOCSPRequest, mimeOCSPResponse} {
			if got := newBench().file(mime, data, len(data)); len(got) != 1 || !strings.Contains(got[0], "_parse_error") {
				t.Errorf("%s as %s: %q", name, mime, got)
			}
		}
	}
	long := make([]byte, DefaultOptions().File+1)
	if got := newBench().file(mimePKIX, long, 4096); len(got) != 1 || !strings.Contains(got[0], "x509_file_too_long") {
		t.Errorf("a file that is too long: %q", got)
	}
}

func TestIndefinite(t *testing.T) {
	data := read(t, filepath.Join("testdata", "p384.der"))
	_, head, _, ok := header(data)
	if !ok {
		t.Fatal("no header")
	}
	open := append(append([]byte{0x30, 0x80}, data[head:]...), 0, 0)
	want, got := testParser().certificate(data), testParser().certificate(open)
	if got == nil || got.record != want.record || len(got.der) != len(open) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOID(t *testing.T) {
	for _, c := range []struct{ dotted, body string }{
		{"1.2.840.113549", "2a864886f70d"},
		{"2.5.4.3", "550403"},
		{"2.999.3", "883703"},
		{"0.9", "09"},
		{"1.3.18446744073709551615", "2b81ffffffffffffffff7f"},
	} {
		body := hex.EncodeToString(encodeOID(c.dotted))
		if body != c.body {
			t.Errorf("encodeOID(%s) = %s, want %s", c.dotted, body, c.body)
		}
		if got := dottedOID(encodeOID(c.dotted)); got != c.dotted {
			t.Errorf("dottedOID = %s, want %s", got, c.dotted)
		}
	}
	// An arc of more than 64 bits: UUIDs have them (ITU-T X.667).
	b, _ := hex.DecodeString("69a4a5c6f3d3b2f9c8f2f3d3b2f9c8f2f3d37f")
	if got := dottedOID(b); !strings.HasPrefix(got, "2.25.") || len(got) < 30 {
		t.Error(got)
	}
	if got := dottedOID([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}); got != "2.151115727451828646838191" {
		t.Error(got)
	}
}

func TestTime(t *testing.T) {
	for _, c := range []struct {
		tag   byte
		in    string
		want  float64
		weird string
	}{
		{tagUTCTime, "700101000001Z", 1, ""},
		{tagUTCTime, "491231235959Z", 2524607999, ""},
		{tagUTCTime, "500101000000Z", -631152000, ""},
		{tagUTCTime, "0001010000Z", 946684800, ""},
		{tagGenTime, "20000101000000Z", 946684800, ""},
		{tagGenTime, "200001010000", 946684800, ""},
		{tagGenTime, "20000101000000.123Z", 946684800, ""},
		{tagGenTime, "20000101000000+0100", 946684860, ""},
		{tagGenTime, "99991231235959Z", 9223372036, ""},
		{tagUTCTime, "0001010000", 0, "x509_utc_length"},
		{tagUTCTime, "000101000000+", 0, "x509_utc_format"},
		{tagGenTime, "2000", 0, "x509_gen_time_length"},
		{tagGenTime, "2000010100001", 0, "x509_time_add_char"},
		{tagGenTime, "20000101000000+01", 0, "x509_time_offset_underflow"},
		{tagGenTime, "20000101000000x0100", 0, "x509_time_offset_type"},
		{tagInteger, "1", 0, "x509_invalid_time_type"},
	} {
		got, w := parseTime(&element{tag: c.tag, body: []byte(c.in)})
		if got.Seconds() != c.want || w != c.weird {
			t.Errorf("%q: %v %q, want %v %q", c.in, got.Seconds(), w, c.want, c.weird)
		}
	}
	if seconds(math.MaxInt64) < 0 || seconds(math.MinInt64) > 0 {
		t.Error("seconds overflows")
	}
}

// TestValues compares values of names with OpenSSL's ASN1_STRING_print_ex.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		tag       byte
		in        string
		want, one string
		bad       bool
	}{
		{tagUTF8, "é☃", `\C3\A9\E2\98\83`, `\C3\A9\E2\98\83`, false},
		{tagT61String, "\xe9", `\C3\A9`, `\C3\A9`, false},
		{tagBMPString, "\x00\xe9\x26\x03", `\C3\A9\E2\98\83`, `\C3\A9\E2\98\83`, false},
		{tagUniversalString, "\x00\x01\xf6\x00", `\F0\9F\98\80`, `\F0\9F\98\80`, false},
		{tagBMPString, "a", "", "", true},
		{tagBMPString, "\xd8\x00", "", "", true},
		{tagUniversalString, "\x00\x11\x00\x00", "", "", true},
		{tagPrintableString, ` a,+"<>;#\ `, `\ a\,\+\"\<\>\;#\\\ `, `" a,+\"<>;#\\ "`, false},
		{tagPrintableString, "#a", `\#a`, `"#a"`, false},
		{tagPrintableString, "#", "#", "#", false},
		{tagPrintableString, " ", `\ `, `" "`, false},
		{tagPrintableString, "a\x00\r\n\x7f", `a\00\0D\0A\7F`, `a\00\0D\0A\7F`, false},
		{tagPrintableString, "", "", "", false},
		{tagBitString, "\x01b", "#03020162", "#03020162", false},
	} {
		e := element{tag: c.tag, body: []byte(c.in), full: append([]byte{c.tag, byte(len(c.in))}, c.in...)}
		for st, want := range map[style]string{rfc2253: c.want, oneline: c.one} {
			got, ok := appendValue(nil, &e, st)
			if string(got) != want || ok == c.bad {
				t.Errorf("%#x %q in style %d: %q %v, want %q", c.tag, c.in, st, got, ok, want)
			}
		}
	}
}

func TestSerial(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"00", "00"}, {"7f", "7F"}, {"0080", "80"}, {"ff", "-01"}, {"8000", "-8000"}, {"ff00", "-0100"},
		{strings.Repeat("11", 36), strings.Repeat("11", 35) + "\\\n11"},
	} {
		b, _ := hex.DecodeString(c.in)
		if got := string(appendSerial(nil, b)); got != c.want {
			t.Errorf("%s: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAlternativeNames(t *testing.T) {
	for _, c := range []struct{ in, want, weirds string }{
		{"3000", "{DNS:[] URI:[] Email:[] IP:[] OtherFields:false}", "[]"},
		{"30068704c0000201", "{DNS:[] URI:[] Email:[] IP:[192.0.2.1] OtherFields:false}", "[]"},
		{"3003870101", "{DNS:[] URI:[] Email:[] IP:[] OtherFields:false}", "[{name:x509_san_ip_length addl:1}]"},
		{"3003890101", "", "[{name:x509_san_parse_error addl:}]"},
		{"0401", "", "[{name:x509_san_parse_error addl:}]"},
	} {
		b, _ := hex.DecodeString(c.in)
		e := extension{oid: []byte(oidSAN), value: b}
		e.parse()
		got := ""
		if e.kind == extSAN {
			got = fmt.Sprintf("%+v", e.san)
		}
		if w := fmt.Sprintf("%+v", e.weirds); got != c.want || w != c.weirds {
			t.Errorf("%s: %s %s, want %s %s", c.in, got, w, c.want, c.weirds)
		}
	}
	e := extension{oid: []byte(oidSAN), value: []byte{0x30, 3, 0x87, 1, 1}}
	if e.parse(); e.san.IP == nil || len(e.san.IP) != 0 {
		t.Error("a list of addresses none of which can be read is not empty", e.san.IP, []netip.Addr{})
	}
}

func TestBasicConstraints(t *testing.T) {
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{"3000", "{CA:false PathLen:{V:0 OK:false}}", true},
		{"30030101ff", "{CA:true PathLen:{V:0 OK:false}}", true},
		{"30060101ff020103", "{CA:true PathLen:{V:3 OK:true}}", true},
		{"30030201ff", "{CA:false PathLen:{V:18446744073709551615 OK:true}}", true},
		{"30060101ff0201", "", false},
		{"30050101ff0500", "", false},
	} {
		b, _ := hex.DecodeString(c.in)
		e := extension{oid: []byte(oidBasicConstraints), value: b}
		e.parse()
		if ok := e.kind == extBasicConstraints; ok != c.ok || ok && fmt.Sprintf("%+v", e.basic) != c.want {
			t.Errorf("%s: %v %+v, want %v %s", c.in, ok, e.basic, c.ok, c.want)
		}
	}
}

func TestCacheBounds(t *testing.T) {
	c := newCache()
	p := testParser()
	one := make([]byte, 4096)
	for i := range maxCachedBytes/len(one) + 100 {
		one[0], one[1] = byte(i), byte(i>>8)
		c.get(one, p)
		if c.bytes > maxCachedBytes || len(c.byKey) > maxCached {
			t.Fatalf("%d bytes, %d entries", c.bytes, len(c.byKey))
		}
	}
	before := c.hits
	if c.get(one, p); c.hits != before+1 {
		t.Error("what was seen last is not there")
	}
	small := make([]byte, 8)
	for i := range maxCached + 100 {
		small[0], small[1] = byte(i), byte(i>>8)
		c.get(small, p)
		if len(c.byKey) > maxCached {
			t.Fatalf("%d entries", len(c.byKey))
		}
	}
}

func FuzzCertificate(f *testing.F) {
	for _, name := range testFiles(f) {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := testParser()
		p.records = true
		c := p.certificate(data)
		if c == nil {
			return
		}
		if len(c.der) > len(data) || len(c.record.Subject) > maxText || len(c.record.Issuer) > maxText {
			t.Errorf("%d bytes, %d, %d", len(c.der), len(c.record.Subject), len(c.record.Issuer))
		}
		if again := testParser().certificate(c.der); again == nil || again.record != c.record {
			t.Errorf("parsed again: %+v, not %+v", again, c)
		}
	})
}

func FuzzOCSP(f *testing.F) {
	for _, name := range testFiles(f) {
		f.Add(read(f, name), true)
		f.Add(read(f, name), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, request bool) {
		mime := mimeOCSPResponse
		if request {
			mime = mimeOCSPRequest
		}
		b := newBench()
		whole := b.file(mime, data, len(data)+1)
		if parts := b.file(mime, data, 3); fmt.Sprint(whole) != fmt.Sprint(parts) {
			t.Errorf("whole %q, in pieces %q", whole, parts)
		}
	})
}

func BenchmarkCertificate(b *testing.B) {
	data := read(b, filepath.Join("testdata", "names.der"))
	p := testParser()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if p.certificate(data) == nil {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkSeenBefore(b *testing.B) {
	data := read(b, filepath.Join("testdata", "names.der"))
	c, p := newCache(), testParser()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		c.get(data, p)
	}
}

func testParser() *parser { return &parser{maxExtensions: DefaultOptions().Extensions} }
