package x509

import (
	"crypto/ecdh"
	"math/big"
	"math/bits"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// publicKey describes a public key.
type publicKey struct {
	kind     string // "" if the key cannot be read
	bits     uint64
	exponent string
	curve    string
}

// keyKinds maps object identifiers of algorithms to kinds of keys, with Zeek's or
// OpenSSL's names. A kind with a length has only keys of that length.
var keyKinds = map[string]publicKey{
	string(encodeOID("1.2.840.113549.1.1.1")):  {kind: "rsa"},     // RFC 8017 appendix A.1
	string(encodeOID("2.5.8.1.1")):             {kind: "rsa"},     // X.509 annex
	string(encodeOID("1.2.840.113549.1.1.10")): {kind: "RSA-PSS"}, // RFC 4055 section 3.1
	string(encodeOID("1.2.840.10040.4.1")):     {kind: "dsa"},     // RFC 3279 section 2.3.2
	string(encodeOID("1.3.14.3.2.12")):         {kind: "dsa"},     // OIW
	string(encodeOID("1.3.14.3.2.27")):         {kind: "dsa"},     // OIW
	string(encodeOID("1.2.840.10040.4.3")):     {kind: "dsa"},     // RFC 3279 section 2.2.2
	string(encodeOID("1.2.840.10045.2.1")):     {kind: "ecdsa"},   // RFC 5480 section 2.1.1
	string(encodeOID("1.2.840.113549.1.3.1")):  {kind: "DH"},      // PKCS #3
	string(encodeOID("1.3.101.110")):           {kind: "X25519", bits: 253},
	string(encodeOID("1.3.101.111")):           {kind: "X448", bits: 448},
	string(encodeOID("1.3.101.112")):           {kind: "ED25519", bits: 256},
	string(encodeOID("1.3.101.113")):           {kind: "ED448", bits: 456},
}

// ecKeyLen is the length in bytes of the keys of Edwards curves (RFC 8410 section 4).
var ecKeyLen = map[string]int{"X25519": 32, "X448": 56, "ED25519": 32, "ED448": 57}

// curveBits are the bits of the order of the curves whose names do not say it.
var curveBits = map[string]uint64{
	"prime192v1": 192, "prime192v2": 192, "prime192v3": 192, "prime239v1": 239, "prime239v2": 239, "prime239v3": 239,
	"prime256v1": 256, "secp112r1": 112, "secp112r2": 110, "secp128r1": 128, "secp128r2": 126, "secp160k1": 161,
	"secp160r1": 161, "secp160r2": 161, "secp192k1": 192, "secp224k1": 225, "secp224r1": 224, "secp256k1": 256,
	"secp384r1": 384, "secp521r1": 521, "sect113r1": 113, "sect113r2": 113, "sect131r1": 131, "sect131r2": 131,
	"sect163k1": 163, "sect163r1": 162, "sect163r2": 163, "sect193r1": 193, "sect193r2": 193, "sect233k1": 232,
	"sect233r1": 233, "sect239k1": 238, "sect283k1": 281, "sect283r1": 282, "sect409k1": 407, "sect409r1": 409,
	"sect571k1": 570, "sect571r1": 570, "SM2": 256,
	"brainpoolP160r1": 160, "brainpoolP160t1": 160, "brainpoolP192r1": 192, "brainpoolP192t1": 192,
	"brainpoolP224r1": 224, "brainpoolP224t1": 224, "brainpoolP256r1": 256, "brainpoolP256t1": 256,
	"brainpoolP320r1": 320, "brainpoolP320t1": 320, "brainpoolP384r1": 384, "brainpoolP384t1": 384,
	"brainpoolP512r1": 512, "brainpoolP512t1": 512,
}

// maxExponent is the length in bytes beyond which an exponent is not printed.
const maxExponent = 2048

// parseKey reads a key of the algorithm oid.
func parseKey(oid []byte, params element, b []byte) publicKey {
	k := keyKinds[string(oid)]
	switch k.kind {
	case "rsa", "RSA-PSS":
		r := reader{b: b}
		s := r.sequence()
		n, e := s.expect(tagInteger).body, s.expect(tagInteger).body
		r.end(&s)
		if r.bad || len(n) == 0 || len(e) == 0 {
			return publicKey{}
		}
		k.bits = bitLen(n)
		if k.kind == "rsa" && len(e) <= maxExponent {
			k.exponent = new(big.Int).SetBytes(e).String()
		}
	case "dsa":
		r := reader{b: b}
		r.integer(tagInteger)
		if params.tag == tagSequence {
			s := reader{b: params.body}
			k.bits = bitLen(s.expect(tagInteger).body)
			r.bad = r.bad || s.bad
		}
		if r.bad {
			return publicKey{}
		}
	case "DH":
		s := reader{b: params.body, bad: params.tag != tagSequence}
		k.bits = bitLen(s.expect(tagInteger).body)
		if s.bad {
			return publicKey{}
		}
	case "ecdsa":
		return parsePoint(k, params, b)
	case "":
	default:
		if len(b) != ecKeyLen[k.kind] || params.full != nil {
			return publicKey{}
		}
	}
	return k
}

// parsePoint reads a point (SEC 1 section 2.3.3) on the curve of params (RFC 5480
// section 2.1.1).
func parsePoint(k publicKey, params element, b []byte) publicKey {
	if len(b) < 2 || b[0] < 2 || b[0] == 5 || b[0] > 7 {
		return publicKey{}
	}
	switch params.tag {
	case tagOID:
		o := objects()[string(params.body)]
		n, ok := curveBits[o.short]
		if !ok || !onCurve(o.short, b) {
			return publicKey{}
		}
		if o.short == "SM2" {
			k.kind = "SM2"
		} else {
			k.curve = o.short
		}
		k.bits = n
	case tagSequence: // SpecifiedECDomain: version, field, curve, base, order
		s := reader{b: params.body}
		s.integer(tagInteger)
		s.sequence()
		s.sequence()
		s.expect(tagOctetString)
		k.bits = bitLen(s.expect(tagInteger).body)
		if s.bad {
			return publicKey{}
		}
	default:
		return publicKey{}
	}
	return k
}

// checkable are the curves for which uncompressed points can be checked.
var checkable = map[string]ecdh.Curve{"prime256v1": ecdh.P256(), "secp384r1": ecdh.P384(), "secp521r1": ecdh.P521()}

// onCurve reports whether b is a point on the curve, or may be one if that cannot be
// checked.
func onCurve(curve string, b []byte) bool {
	c := checkable[curve]
	if c == nil || b[0] != 4 {
		return true
	}
	_, err := c.NewPublicKey(b)
	return err == nil
}

// bitLen returns the length of a positive number in bits.
func bitLen(b []byte) uint64 {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	return uint64(len(b)-1)*8 + uint64(bits.Len8(b[0]))
}

// fill copies k to a record.
func (k *publicKey) fill(c *event.X509CertificateRecord) {
	someText := func(s string) value.Opt[string] { return value.Opt[string]{V: s, OK: s != ""} }
	c.KeyType, c.Exponent, c.Curve = someText(k.kind), someText(k.exponent), someText(k.curve)
	c.KeyLength = value.Opt[uint64]{V: k.bits, OK: k.bits > 0}
}
