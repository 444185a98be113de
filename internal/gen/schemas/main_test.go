package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedIsUpToDate(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "schemas")
	want, err := generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, output))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run go generate ./schemas", output)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ name, fields, want string }{
		{"no tag", "// Doc.\nA string", "A has no zeek tag"},
		{"other tag", "// Doc.\nA string `json:\"a\"`", "A has no zeek tag"},
		{"no doc", "A string `zeek:\"a\"`", "A has no documentation"},
		{"type", "// Doc.\nA int32 `zeek:\"a\"`", "type int32 cannot be a column"},
		{"generic", "// Doc.\nA Map[string] `zeek:\"a\"`", "unknown generic type Map"},
		{"option", "// Doc.\nA string `zeek:\"a,omitempty\"`", "unknown option"},
		{"no group", "// Doc.\nA string `zeek:\"a,optional=\"`", "unknown option"},
		{"twice", "// Doc.\nA string `zeek:\"a\"`\n// Doc.\nB string `zeek:\"a\"`", "occurs twice"},
		{"order", "// Doc.\nA string `zeek:\"a,optional=g\"`\n// Doc.\nB string `zeek:\"b\"`", "comes after the optional a"},
		{"cycle", "// Doc.\nA value.Opt[T] `zeek:\"a\"`", "contains itself"},
		{"record set", "// Doc.\nA value.Set[T] `zeek:\"a\"`", "cannot be a column"},
		{"shared", "// Doc.\nA, B string `zeek:\"a\"`", "a field of its own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			src := "package schemas\n\n// T is a log.\n//\n//wirelog:log t\ntype T struct {\n" + tt.fields + "\n}\n"
			if err := os.WriteFile(filepath.Join(dir, "t.go"), []byte(src), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := generate(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestGroupConst(t *testing.T) {
	for name, want := range map[string]string{
		"community-id": "GroupCommunityID",
		"mac-logging":  "GroupMACLogging",
		"extra":        "GroupExtra",
	} {
		if got := groupConst(name); got != want {
			t.Errorf("groupConst(%q) = %s, want %s", name, got, want)
		}
	}
}
