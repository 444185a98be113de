package logs

import (
	stdx509 "crypto/x509"
	"encoding/pem"
	"errors"
)

// RootCerts are the root certificates that chains are validated against. They are immutable,
// and shards share them.
type RootCerts struct {
	bySubject map[string][]*stdx509.Certificate
}

// ParseRootCerts parses certificates in PEM. Blocks that crypto/x509 does not accept as a
// certificate are skipped and counted. It is an error if there is no certificate.
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
