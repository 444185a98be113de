package krb

import (
	"math"
	"time"

	"github.com/wirelog/wirelog/value"
)

// kerberosTime parses a KerberosTime (RFC 4120 section 5.2.3). The result is unset if s has
// another length. Characters other than digits count as in Zeek.
func kerberosTime(s []byte) (t value.Opt[value.Time]) {
	const length = len("YYYYMMDDhhmmssZ")
	if len(s) == length+2 { // including the header
		s = s[2:]
	}
	if len(s) != length {
		return t
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	sec := time.Date(two(0)*100+two(2), time.Month(two(4)), two(6), two(8), two(10), two(12), 0, time.UTC).Unix()
	const limit = math.MaxInt64 / int64(time.Second)
	return value.Some(value.Time(min(max(sec, -limit), limit) * int64(time.Second)))
}
