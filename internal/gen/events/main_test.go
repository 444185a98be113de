package main

import (
	gobytes "bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const eventDir = "../../../dissect/event"

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := generate(eventDir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(eventDir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !gobytes.Equal(got, want) {
			t.Errorf("%s is out of date: run go generate ./dissect/event", name)
		}
	}
}

// TestUnraised checks that exactly the events that no analyzer raises are
// marked as unraised in the catalogue.
func TestUnraised(t *testing.T) {
	m, err := load(eventDir)
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]string{} // their sources
	err = filepath.WalkDir("../../../dissect", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "event":
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		src, err := os.ReadFile(path)
		packages[filepath.Dir(path)] += string(src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// word matches the selectors in a package's source: event.X, and X of any
	// other.
	word := regexp.MustCompile(`\b(event)?\.(\w+)`)
	words := map[string]map[string]bool{}
	for dir, src := range packages {
		words[dir] = map[string]bool{}
		for _, s := range word.FindAllStringSubmatch(src, -1) {
			words[dir][s[1]+"."+s[2]] = true
		}
	}
	// An analyzer names the event, or its hook next to that of its section.
	mentions := func(e *structType) bool {
		section, hook := goSection(e.section), e.hookName()
		for _, w := range words {
			if w["event."+e.goName] || w["."+hook] && (w["."+section] || w["event."+section+"Events"]) {
				return true
			}
		}
		return false
	}
	for _, e := range m.events {
		switch raised := mentions(e); {
		case raised && e.unraised:
			t.Errorf("%s is raised: take the word unraised off its directive and run go generate ./dissect/event", e.goName)
		case !raised && !e.unraised:
			t.Errorf("no analyzer mentions %s: raise it, or mark it as unraised", e.goName)
		}
	}
}

func TestHookName(t *testing.T) {
	for _, c := range []struct{ goName, section, want string }{
		{"TCPPacket", "TCP", "Packet"},
		{"ConnectionEstablished", "TCP", "ConnectionEstablished"},
		{"ConnectionStateRemove", "Conn", "ConnectionStateRemove"},
		{"ConnWeird", "Weird", "Conn"},
		{"BadARP", "ARP", "Bad"},
		{"GTPv1GPDUPacket", "GTPv1", "GPDUPacket"},
		{"SSLv2Hello", "SSL", "SSLv2Hello"},
		{"TCP", "TCP", "TCP"},
		{"DCERPCBindAck", "DCE_RPC", "BindAck"},
	} {
		s := structType{goName: c.goName, section: c.section}
		if got := s.hookName(); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.goName, c.section, got, c.want)
		}
	}
}

func TestBadDeclarations(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"no section", "// X is raised once.\n//\n//wirelog:event x\ntype X struct{}", "names no section"},
		{"name", "// X is raised once.\n//\n//wirelog:event y section=S\ntype X struct{}", "not y in camel case"},
		{"doc", "// X happens.\n//\n//wirelog:event x section=S\ntype X struct{}", "does not begin"},
		{"not a struct", "// X is raised once.\n//\n//wirelog:event x section=S\ntype X int", "not a struct"},
		{"word", "// X is raised once.\n//\n//wirelog:event x section=S old\ntype X struct{}", "unknown word"},
		{"no tag", "// R is one.\n//\n//wirelog:record r\ntype R struct{ A bool }", "zeek tag"},
		{"twice", "// R is one.\n//\n//wirelog:record r\ntype R struct{\nA bool `zeek:\"a\"`\nB bool `zeek:\"a\"`\n}", "not unique"},
		{"type", "// R is one.\n//\n//wirelog:record r\ntype R struct{\nA chan int `zeek:\"a\"`\n}", "not supported"},
		{"unknown", "// R is one.\n//\n//wirelog:record r\ntype R struct{\nA Foo `zeek:\"a\"`\n}", "neither known"},
		{"omitted count", "// R is one.\n//\n//wirelog:record r\ntype R struct{\nA uint64 `zeek:\"a,omitzero\"`\n}", "use Opt"},
		{"table of optional", "// R is one.\n//\n//wirelog:record r\ntype R struct{\nA Table[value.Opt[bool]] `zeek:\"a\"`\n}", "not supported"},
		{"conn in record", "// R is one.\n//\n//wirelog:record r\ntype R struct{\nA Conn `zeek:\"a\"`\n}", "only an event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte("package event\n\n"+c.src+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := generate(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
