package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/wirelog/wirelog/logs"
)

// SystemRootCerts is the value of Options.RootCerts that selects the bundle of this
// host.
const SystemRootCerts = "system"

// systemBundles are the files in which systems keep all their root
// certificates.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, Arch
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat
	"/etc/ssl/ca-bundle.pem",                            // SUSE
	"/etc/ssl/cert.pem",                                 // BSD, macOS
}

// rootCerts reads the root certificates.
func (o *Options) rootCerts() (*logs.RootCerts, error) {
	path := o.RootCerts
	switch path {
	case "":
		return nil, errors.New("the columns of group validation need a PEM file of root certificates, or " + SystemRootCerts)
	case SystemRootCerts:
		for _, file := range systemBundles {
			if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
				path = file
				break
			}
		}
		path = cmp.Or(os.Getenv("SSL_CERT_FILE"), path)
		if path == SystemRootCerts {
			return nil, errors.New("this host has no bundle of root certificates in the usual places; name a PEM file")
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots, skipped, err := logs.ParseRootCerts(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if skipped > 0 && o.Notice != nil {
		o.Notice(fmt.Sprintf("%s: %d blocks are not readable certificates", path, skipped))
	}
	return roots, nil
}
