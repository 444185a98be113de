// Package body removes the compression of HTTP's bodies (RFC 9110 section 8.4) within limits that
// all versions of HTTP share.
package body

import (
	"github.com/wirelog/wirelog/dissect/codec/inflate"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/internal/freelist"
)

// Limits of decompressed bodies. Data beyond them is not analyzed.
const (
	// maxInflated limits the decompressed bytes of one body.
	maxInflated = 1 << 30
	// maxRatio limits the ratio of decompressed to compressed bytes, for bodies of more
	// than freeInflated bytes.
	maxRatio     = 200
	freeInflated = 16 << 20
)

// Names of the limits.
const (
	limitSize   = "inflated_size"
	limitExcess = "inflated_excess"
)

// Weird is the weird for a body that was cut.
const Weird = "HTTP_inflated_too_large"

// Inflaters keeps the decoders of a shard and the budgets of its hosts.
type Inflaters struct {
	excess  uint64
	free    freelist.List[inflate.Decoder]
	budgets budgets
}

// New returns the Inflaters of a shard. excess is the number of bytes that the bodies between two
// hosts may inflate to in ten minutes beyond 32 times their size; 0 is no bound.
func New(excess int) *Inflaters { return &Inflaters{excess: uint64(max(excess, 0))} }

var decoderSize = freelist.Size[inflate.Decoder]()

// Get returns a decoder, which counts for the connection until Put. eager is its Eager.
func (s *Inflaters) Get(u conn.Use, eager bool) *inflate.Decoder {
	z := s.free.Get()
	z.Reset()
	z.Eager = eager
	u.HoldState(decoderSize)
	return z
}

// Put takes a decoder back.
func (s *Inflaters) Put(u conn.Use, z *inflate.Decoder) {
	u.HoldState(-decoderSize)
	s.free.Put(z)
}

// Over returns the name of the limit that the body of z exceeds, or "". It charges the two hosts
// for what the body has inflated to beyond what bodies usually do; charged is the sum of that so
// far.
func (s *Inflaters) Over(u conn.Use, z *inflate.Decoder, charged *uint64) string {
	n, read := z.Written(), z.Read()
	if n > maxInflated || n > freeInflated && n/maxRatio > read {
		return limitSize
	}
	if n > *charged+freeExcess && n-freeExcess > cheapRatio*read+*charged {
		excess := n - cheapRatio*read
		b := s.budgets.of(u.Conn(), u.Now())
		b.spent += excess - *charged
		*charged = excess
		if s.excess != 0 && b.spent > s.excess {
			return limitExcess
		}
	}
	return ""
}
