package pipeline

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestValidation validates servers against a root certificate that one of them sends.
func TestValidation(t *testing.T) {
	dir := t.TempDir()
	o := Defaults()
	o.Paths, o.OutputDir = []string{"../testdata/tls-versions.pcap"}, dir
	o.Dissect.Files.Extract, o.Dissect.Files.ExtractDir = []string{"application/x-x509-ca-cert"}, filepath.Join(dir, "files")
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(o.Dissect.Files.ExtractDir)
	if err != nil || len(files) == 0 {
		t.Fatal("no certificate was extracted", err)
	}
	var roots bytes.Buffer
	for _, f := range files {
		der, err := os.ReadFile(filepath.Join(o.Dissect.Files.ExtractDir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := pem.Encode(&roots, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			t.Fatal(err)
		}
	}

	o.Dissect.Files.Extract, o.Overwrite = nil, true
	o.Logs, o.Columns, o.RootCerts = []string{"ssl"}, []string{"validation"}, filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(o.RootCerts, roots.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(dir, "ssl.log"))
	if err != nil {
		t.Fatal(err)
	}
	valid := 0
	for line := range strings.Lines(string(log)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		switch {
		case strings.HasSuffix(line, "\tok\n"):
			valid++
		case !strings.HasSuffix(line, "\t-\n"): // TLS 1.3 hides certificates
			t.Error(line)
		}
	}
	if valid == 0 {
		t.Errorf("no certificate is valid:\n%s", log)
	}
}

func TestRootCertsOption(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", empty, filepath.Join(dir, "missing.pem")} {
		o := Defaults()
		o.Paths, o.OutputDir, o.Columns, o.RootCerts = []string{"../testdata/tiny.pcap"}, dir, []string{"validation"}, path
		_, err := Run(t.Context(), o)
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Option != "RootCerts" {
			t.Errorf("%q: %v", path, err)
		}
	}
	t.Setenv("SSL_CERT_FILE", empty)
	o := Options{RootCerts: SystemRootCerts}
	if _, err := o.rootCerts(); err == nil || !strings.Contains(err.Error(), empty) {
		t.Errorf("the system's bundle is not that of the environment: %v", err)
	}
}
