package event

import (
	"testing"

	"github.com/wirelog/wirelog/value"
)

func TestFTPPort(t *testing.T) {
	for _, c := range []struct {
		name  string
		parse func([]byte) FTPPort
		in    string
		addr  string // "" for one that is not valid
		port  uint16
	}{
		{"PORT", ParseFTPPort, "10,0,0,1,4,31", "10.0.0.1", 1055},
		{"PORT", ParseFTPPort, "10, 0,0,1,4,31 and more", "10.0.0.1", 1055},
		{"PORT", ParseFTPPort, "10,0,0,256,4,31", "", 0},
		{"PORT", ParseFTPPort, "10,0,0,-1,4,31", "", 0},
		{"PORT", ParseFTPPort, "1,2,3,4,5", "", 0},
		{"PORT", ParseFTPPort, "1,2,3,4,5,99999999999999999999", "", 0},
		{"EPRT", ParseEFTPPort, "|1|10.0.0.1|1055|", "10.0.0.1", 1055},
		{"EPRT", ParseEFTPPort, " !2!2001:db8::1!6446!", "2001:db8::1", 6446},
		{"EPRT", ParseEFTPPort, "|1|10.0.0.1|1055", "", 0},
		{"EPRT", ParseEFTPPort, "|1|10.0.0|1055|", "", 0},
		{"EPRT", ParseEFTPPort, "|1|10.0.0.1|65536|", "", 0},
		{"EPRT", ParseEFTPPort, "", "", 0},
		{"PASV", ParseFTPPASV, "Entering Passive Mode (10,0,0,1,4,31).", "10.0.0.1", 1055},
		{"PASV", ParseFTPPASV, "ok PORT 10,0,0,1,4,31", "10.0.0.1", 1055},
		{"PASV", ParseFTPPASV, "it is at 10,0,0,1,4,31", "10.0.0.1", 1055},
		{"PASV", ParseFTPPASV, "it is not", "", 0},
		{"EPSV", ParseFTPEPSV, "ok (|||6446|)", "::", 6446},
		{"EPSV", ParseFTPEPSV, "ok (|||6446)", "", 0},
		{"EPSV", ParseFTPEPSV, "ok", "", 0},
	} {
		got := c.parse([]byte(c.in))
		if got.Valid != (c.addr != "") || got.Valid && (got.H.String() != c.addr || got.P != value.Port{Num: c.port, Proto: value.ProtoTCP}) {
			t.Errorf("%s %q: %+v", c.name, c.in, got)
		}
	}
}

func TestAppendFTPPort(t *testing.T) {
	p := ParseEFTPPort([]byte("|1|10.0.0.1|1055|"))
	if got := string(AppendFTPPort(nil, p.H, p.P.Num)); got != "10,0,0,1,4,31" {
		t.Error(got)
	}
	p = ParseEFTPPort([]byte("|2|::1|1055|"))
	if got := string(AppendFTPPort(nil, p.H, p.P.Num)); got != "" {
		t.Error(got)
	}
}

func FuzzFTPPort(f *testing.F) {
	for _, s := range []string{"10,0,0,1,4,31", "|1|10.0.0.1|1055|", "ok (|||6446|)", "(10,0,0,1,4,31)", "PORT"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range []FTPPort{ParseFTPPort(b), ParseEFTPPort(b), ParseFTPPASV(b), ParseFTPEPSV(b)} {
			if !p.H.IsValid() || !p.Valid && p.H.Is4() && p.P.Num != 0 && !p.H.IsUnspecified() {
				continue
			}
			if p.Valid && p.H.Is4() {
				if got := ParseFTPPort(AppendFTPPort(nil, p.H, p.P.Num)); got != p {
					t.Fatalf("%q: %+v became %+v", b, p, got)
				}
			}
		}
	})
}
