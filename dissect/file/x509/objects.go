package x509

import (
	_ "embed"
	"math"
	"math/big"
	"strconv"
	"strings"
	"sync"
)

// objects.txt has the object identifiers that OpenSSL knows, with the short and the
// long name it has for each, separated by tabs; one name stands for both.
//
//go:embed objects.txt
var objectList string

type object struct{ short, long string }

// objects are the known objects by their identifiers, encoded as in an
// element's body.
var objects = sync.OnceValue(func() map[string]object {
	m := make(map[string]object, 1200)
	for line := range strings.Lines(objectList) {
		oid, names, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		short, long, ok := strings.Cut(names, "\t")
		if !ok {
			long = short
		}
		m[string(encodeOID(oid))] = object{short, long}
	}
	return m
})

// encodeOID encodes an identifier in dotted form, which must be valid, as an
// element's body (X.690 section 8.19).
func encodeOID(dotted string) []byte {
	var body []byte
	var first uint64
	i := 0
	for part := range strings.SplitSeq(dotted, ".") {
		v, _ := strconv.ParseUint(part, 10, 64)
		switch i {
		case 0:
			first = v
		case 1:
			body = appendArc(body, first*40+v)
		default:
			body = appendArc(body, v)
		}
		i++
	}
	return body
}

func appendArc(dst []byte, v uint64) []byte {
	n := 1
	for x := v >> 7; x != 0; x >>= 7 {
		n++
	}
	for n--; n > 0; n-- {
		dst = append(dst, byte(v>>(7*n))|0x80)
	}
	return append(dst, byte(v&0x7f))
}

// dottedOID returns the dotted form of an identifier.
func dottedOID(body []byte) string {
	var dst []byte
	for first := true; len(body) > 0; first = false {
		n := 0
		for n < len(body)-1 && body[n] >= 0x80 {
			n++
		}
		arc := body[:n+1]
		body = body[n+1:]
		var v uint64
		var large *big.Int
		for _, c := range arc {
			if v > math.MaxUint64>>7 && large == nil {
				large = new(big.Int).SetUint64(v)
			}
			if large != nil {
				large.Lsh(large, 7).Or(large, big.NewInt(int64(c&0x7f)))
				continue
			}
			v = v<<7 | uint64(c&0x7f)
		}
		if first {
			root := min(v/40, 2)
			if large != nil {
				root = 2
				large.Sub(large, big.NewInt(80))
			}
			v -= root * 40
			dst = strconv.AppendUint(dst, root, 10)
		}
		dst = append(dst, '.')
		if large != nil {
			dst = large.Append(dst, 10)
		} else {
			dst = strconv.AppendUint(dst, v, 10)
		}
	}
	return string(dst)
}

// maxOID is the length beyond which an identifier is not printed: OpenSSL's
// buffers for its text have 255 characters.
const maxOID = 255

// longName returns the name that OpenSSL prints for the object.
func longName(oid []byte) string {
	if o, ok := objects()[string(oid)]; ok {
		return o.long
	}
	return limitedOID(oid, maxOID-1)
}

func limitedOID(oid []byte, n int) string {
	s := dottedOID(oid[:min(len(oid), n)])
	return s[:min(len(s), n)]
}
