package krb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/wirelog/wirelog/dissect/codec/asn1"
)

// Options configure the analyzers. DefaultOptions returns Zeek's defaults.
type Options struct {
	Keytab string `key:"krb.keytab" is:"path" doc:"keytab file whose keys decrypt the tickets of krb_ap_request, which then has the client in authenticationinfo; keys of AES and RC4 (KRB::keytab)"`
	// Keys is what a dissect.Shard reads from Keytab unless it is set.
	Keys *Keytab
}

// DefaultOptions returns Zeek's defaults.
func DefaultOptions() Options { return Options{} }

// A Keytab holds the keys of services. It is safe for concurrent use.
type Keytab struct {
	keys []key
	// Skipped counts the keys whose encryption type is not among those that tickets are
	// decrypted with.
	Skipped int
}

// ReadKeytab reads a keytab file, at most 16 MB of it.
func ReadKeytab(file string) (*Keytab, error) {
	const largest = 16 << 20
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > largest {
		return nil, fmt.Errorf("%s: %d bytes are too many for a keytab", file, info.Size())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	t, err := parseKeytab(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// parseKeytab reads the contents of a keytab file: two bytes of a version, and entries that
// begin with their length, which is negative for a hole. Numbers are big-endian. There is no
// RFC; the format is that of MIT Kerberos.
func parseKeytab(b []byte) (*Keytab, error) {
	const magic, version = 5, 2
	if len(b) < 2 || b[0] != magic {
		return nil, errors.New("not a keytab")
	}
	if b[1] != version {
		return nil, fmt.Errorf("a keytab of version %d, not %d", b[1], version)
	}
	t := new(Keytab)
	for b = b[2:]; len(b) >= 4; {
		n := int64(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		if n == 0 {
			break
		}
		isHole := n < 0
		if isHole {
			n = -n
		}
		if n > int64(len(b)) {
			return nil, errors.New("the keytab is cut short")
		}
		if !isHole {
			if err := t.entry(b[:n]); err != nil {
				return nil, err
			}
		}
		b = b[n:]
	}
	if len(t.keys) == 0 {
		return nil, fmt.Errorf("no key of a type that tickets are decrypted with, and %d of others", t.Skipped)
	}
	return t, nil
}

// entry adds the key of an entry: the number of the principal's parts, the realm, the parts,
// the type of the name, a time, the version of the key, its type and itself. The principal does
// not count: any key of the ticket's type is tried, as aliases of services share keys.
func (t *Keytab) entry(b []byte) error {
	bad := errors.New("an entry of the keytab is malformed")
	counted := func() []byte {
		if len(b) < 2 {
			b = nil
			return nil
		}
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; n > len(b) {
			b = nil
			return nil
		}
		s := b[:n]
		b = b[n:]
		return s
	}
	const fixed = 4 + 4 + 1 // of name, time and version
	if len(b) < 2 {
		return bad
	}
	parts := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	for range parts + 1 {
		if counted(); b == nil {
			return bad
		}
	}
	if len(b) < fixed+2 {
		return bad
	}
	etype := binary.BigEndian.Uint16(b[fixed:])
	b = b[fixed+2:]
	secret := counted()
	if secret == nil {
		return bad
	}
	k, err := newKey(uint64(etype), secret)
	switch {
	case err != nil:
		return err
	case k == nil:
		t.Skipped++
	default:
		t.keys = append(t.keys, *k)
	}
	return nil
}

// open decrypts a ticket into plain, which is returned as buf. part is the EncTicketPart, nil if
// no key fits.
func (t *Keytab) open(plain []byte, etype uint64, ticket []byte) (part, buf []byte) {
	for i := range t.keys {
		k := &t.keys[i]
		if k.etype != etype {
			continue
		}
		if plain, part = k.open(plain, ticket); part != nil {
			return part, plain
		}
	}
	return nil, plain
}

// clientOf appends the client of an EncTicketPart (RFC 4120 section 5.3) to dst: the parts of its
// name with slashes between them, an @ and the realm.
func clientOf(dst, part []byte, tooLong func(int)) ([]byte, bool) {
	r := asn1.NewReader(part, tooLong)
	r.Skip(2)  // the application's tag and the sequence
	r.Tagged() // flags
	r.Value()  // key
	realm := r.Tagged()
	h := r.Header()
	in := r.Inside("EncTicketPart:cname", r.Pos(), h.Length)
	in.Skip(2)
	in.Value() // name-type
	in.Skip(2)
	for n := 0; in.More(); n++ {
		if n > 0 {
			dst = append(dst, '/')
		}
		dst = appendEscaped(dst, in.Value())
	}
	if !in.OK() || !r.OK() {
		return dst, false
	}
	return appendEscaped(append(dst, '@'), realm), true
}

// appendEscaped appends a part of a name, with a backslash before what separates parts, as
// MIT's krb5_unparse_name does.
func appendEscaped(dst, part []byte) []byte {
	for _, c := range part {
		switch c {
		case '/', '@', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\b':
			dst = append(dst, `\b`...)
		case 0:
			dst = append(dst, `\0`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
