package x509

import (
	"math"
	"time"

	"github.com/wirelog/wirelog/value"
)

// parseTime reads a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5) as leniently
// as Zeek does. If it cannot, it returns the name of Zeek's weird.
func parseTime(e *element) (value.Time, string) {
	var d [14]byte // YYYYMMDDhhmmss
	s := e.body
	switch e.tag {
	case tagUTCTime:
		if len(s) < 11 || len(s) > 17 {
			return 0, "x509_utc_length"
		}
		if s[len(s)-1] != 'Z' {
			return 0, "x509_utc_format"
		}
		copy(d[:], "19")
		if s[0] < '5' {
			copy(d[:], "20")
		}
		copy(d[2:], s[:10])
		s = s[10:]
	case tagGenTime:
		if len(s) < 12 || len(s) > 23 {
			return 0, "x509_gen_time_length"
		}
		copy(d[:], s[:12])
		s = s[12:]
	default:
		return 0, "x509_invalid_time_type"
	}
	switch {
	case len(s) == 0 || s[0] == 'Z' || s[0] == '-' || s[0] == '+':
		copy(d[12:], "00")
	case len(s) >= 2:
		copy(d[12:], s[:2])
		s = s[2:]
		if len(s) > 0 && s[0] == '.' {
			s = s[1:]
			for len(s) > 0 && s[0] >= '0' && s[0] <= '9' {
				s = s[1:]
			}
		}
	default:
		return 0, "x509_time_add_char"
	}
	var offset int64
	if len(s) > 0 && s[0] != 'Z' {
		if len(s) < 5 {
			return 0, "x509_time_offset_underflow"
		}
		if s[0] != '+' && s[0] != '-' {
			return 0, "x509_time_offset_type"
		}
		// The weights are Zeek's.
		offset = digit(s[1])*10 + digit(s[2])*60 + digit(s[3])*10 + digit(s[4])
		if s[0] == '-' {
			offset = -offset
		}
	}
	two := func(i int) int { return int(digit(d[i])*10 + digit(d[i+1])) }
	year := two(0)*100 + two(2)
	if year <= 1900 {
		year += 1900 // years up to 1900 count from 1900
	}
	sec := time.Date(year, time.Month(two(4)), two(6), two(8), two(10), two(12), 0, time.UTC).Unix()
	if sec == 0 {
		return 0, ""
	}
	return seconds(sec + offset), ""
}

func digit(c byte) int64 { return int64(c) - '0' }

// seconds returns the instant s, in seconds since the epoch, or the closest one
// in the range of Time.
func seconds(s int64) value.Time {
	const limit = math.MaxInt64 / int64(time.Second)
	return value.Time(min(max(s, -limit), limit) * int64(time.Second))
}
