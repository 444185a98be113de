package oncrpc

import "encoding/binary"

// xdr reads values in XDR (RFC 4506). The first that does not fit sets bad; from then on all
// values are zero, and b is what was left before it.
type xdr struct {
	b   []byte
	bad bool
	// lack reports that the padding of the last value is missing at the end.
	lack bool
}

func (x *xdr) uint32() uint32 {
	if x.bad || len(x.b) < 4 {
		x.bad = true
		return 0
	}
	v := binary.BigEndian.Uint32(x.b)
	x.b = x.b[4:]
	return v
}

// count is uint32 as events have it.
func (x *xdr) count() uint64 { return uint64(x.uint32()) }

func (x *xdr) bool() bool { return x.uint32() != 0 }

func (x *xdr) uint64() uint64 {
	if x.bad || len(x.b) < 8 {
		x.bad = true
		return 0
	}
	v := binary.BigEndian.Uint64(x.b)
	x.b = x.b[8:]
	return v
}

// time reads seconds and nanoseconds (nfstime3, RFC 1813 section 2.5.1).
func (x *xdr) time() float64 { return seconds(x.uint64()) }

// seconds returns a time of two halves: seconds and nanoseconds.
func seconds(v uint64) float64 { return float64(v>>32) + float64(uint32(v))/1e9 }

// maxOpaque is the largest length of opaque data that has no limit of its own.
const maxOpaque = 8192

// opaque reads bytes after their number, which is at most limit.
func (x *xdr) opaque(limit int) []byte {
	n := x.uint32()
	if x.bad || int64(n) > int64(min(limit, len(x.b))) {
		x.bad = true
		return nil
	}
	return x.take(int(n))
}

// rest is opaque for data of any length, of which the end may be missing.
func (x *xdr) rest() []byte {
	n := x.uint32()
	if x.bad || n > 1<<31-1 {
		x.bad = true
		return nil
	}
	return x.take(min(int(n), len(x.b)))
}

// take reads n bytes, which are present, and the padding after them.
func (x *xdr) take(n int) []byte {
	v := x.b[:n:n]
	padded := (n + 3) &^ 3
	if padded > len(x.b) {
		x.lack = true
		padded = len(x.b)
	}
	x.b = x.b[padded:]
	return v
}

// maxAuth is the largest length of a verifier (RFC 5531 section 8.2).
const maxAuth = 400

// auth skips an opaque_auth.
func (x *xdr) auth() {
	if x.uint32(); !x.bad {
		x.opaque(maxAuth)
	}
}

// zeros reports whether all that is left is zero.
func (x *xdr) zeros() bool {
	for _, c := range x.b {
		if c != 0 {
			return false
		}
	}
	return true
}
