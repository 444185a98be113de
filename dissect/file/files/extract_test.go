package files

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/file/magic"
)

func TestValidPattern(t *testing.T) {
	for _, p := range []string{"*/*", "image/*", "application/pdf", "application/x-x509-*", "text/[hj]*", "*/*zip*"} {
		if err := ValidPattern(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	for p, want := range map[string]string{
		"*":               "for all, */*",
		"all":             "for all, */*",
		"":                "for all, */*",
		"nonsense":        "for all, */*",
		"application":     `did you mean "application/*"?`,
		"application/":    `did you mean "application/*"?`,
		"image*":          `did you mean "image/*"?`,
		"zip":             `did you mean "application/zip"?`,
		"gzip":            `did you mean "application/x-gzip"?`,
		"[":               "is not a pattern",
		"application/exe": "matches no media type",
	} {
		if err := ValidPattern(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", p, err, want)
		}
	}
}

func TestExtensions(t *testing.T) {
	types := append(magic.Types(), protocolTypes...)
	for mime, ext := range extensions {
		if !slices.Contains(types, mime) {
			t.Errorf("%s is no type that a file can have", mime)
		}
		if ext == "" || safe(ext) != ext {
			t.Errorf("%s: extension %q", mime, ext)
		}
	}
	if extension("text/html") != ".html" || extension("application/x-unknown") != "" {
		t.Error("wrong extension")
	}
}
