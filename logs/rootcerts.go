package logs

import (
	stdx509 "crypto/x509"
	"encoding/pem"
	"errors"
)

// RootCerts are the certificates that chains are validated against. Shards share them.
type RootCerts struct {
	bySubject map[string][]*stdx509.Certificate
}

// ParseRootCerts reads certificates in PEM. What is none that crypto/x509 understands is
// left out and counted.
func ParseRootCerts(text []byte) (roots *RootCerts, skipped int, err error) {
	roots = &RootCerts{bySubject: make(map[string][]*stdx509.Certificate)}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		c, err := stdx509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			skipped++
			continue
		}
		subject := string(c.RawSubject)
		roots.bySubject[subject] = append(roots.bySubject[subject], c)
	}
	if len(roots.bySubject) == 0 {
		return nil, skipped, errors.New("no certificate in PEM")
	}
	return roots, skipped, nil
}
