package row

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Parse parses the text of a value as Zeek writes it, or as other programs do that keep
// all of it: whole numbers with a fraction of 0, and the forms of parseTime. It does not
// handle strings.
func Parse(k schemas.Kind, s string) (v Value, err error) {
	v.Set = true
	switch k {
	case schemas.KindBool:
		switch s {
		case "T", "true", "True", "TRUE":
			v.Number = 1
		case "F", "false", "False", "FALSE":
		default:
			return v, Wrong(k, s)
		}
	case schemas.KindCount:
		if v.Number, err = strconv.ParseUint(s, 10, 64); err != nil {
			v.Number, err = whole(s, 1<<53)
		}
	case schemas.KindInt:
		var n int64
		if n, err = strconv.ParseInt(s, 10, 64); err != nil {
			if negative, ok := strings.CutPrefix(s, "-"); ok {
				var u uint64
				u, err = whole(negative, 1<<53)
				n = -int64(u)
			} else {
				var u uint64
				u, err = whole(s, 1<<53)
				n = int64(u)
			}
		}
		v.Number = uint64(n)
	case schemas.KindPort:
		s, _, _ := strings.Cut(s, "/") // some programs write "80/tcp"
		if v.Number, err = strconv.ParseUint(s, 10, 16); err != nil {
			v.Number, err = whole(s, math.MaxUint16)
		}
	case schemas.KindDouble, schemas.KindInterval:
		v.Double, err = strconv.ParseFloat(s, 64)
	case schemas.KindTime:
		var t value.Time
		t, err = parseTime(s)
		v.Number = uint64(t)
	case schemas.KindAddr:
		var a netip.Addr
		if a, err = netip.ParseAddr(s); err == nil && a.Zone() != "" {
			return v, Wrong(k, s)
		}
		v.Prefix = netip.PrefixFrom(a, a.BitLen())
	case schemas.KindSubnet:
		v.Prefix, err = netip.ParsePrefix(s)
	case schemas.KindString, schemas.KindEnum:
		v.Text = s
	}
	if err != nil {
		return v, Wrong(k, s)
	}
	return v, nil
}

var errFraction = errors.New("no whole number")

// whole parses a whole number up to most that is written with a fraction of 0 or an
// exponent, as programs do that have no integers.
func whole(s string, most uint64) (uint64, error) {
	if s == "" || s[0] < '0' || s[0] > '9' || strings.ContainsAny(s, "xXpP_") {
		return 0, errFraction
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || f > float64(most) {
		return 0, errFraction
	}
	return uint64(f), nil
}

// Wrong returns the error for a text that is not a value of the kind.
func Wrong(k schemas.Kind, s string) error {
	if len(s) > 100 {
		s = s[:100] + "..."
	}
	return fmt.Errorf("%q is no %s", s, k)
}

// most is the largest time in seconds.
const most = math.MaxInt64 / 1_000_000_000

// seconds returns a time of s seconds, rounded to microseconds.
func seconds(v float64) (value.Time, error) {
	if math.IsNaN(v) || math.Abs(v) > most {
		return 0, Wrong(schemas.KindTime, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return value.Time(math.Round(v*1e6)) * 1000, nil
}

// parseSeconds parses seconds since the epoch. It rounds to microseconds: finer digits
// are beyond the precision of a double.
func parseSeconds(s string) (value.Time, error) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec >= most || sec <= -most || len(frac) > 6 || strings.HasPrefix(s, "+") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, Wrong(schemas.KindTime, s)
		}
		return seconds(f)
	}
	var us uint64
	if frac != "" {
		if us, err = strconv.ParseUint((frac + "00000")[:6], 10, 64); err != nil {
			return 0, Wrong(schemas.KindTime, s)
		}
	}
	if whole[0] == '-' {
		return value.Time(sec*1e9 - int64(us)*1000), nil
	}
	return value.Time(sec*1e9 + int64(us)*1000), nil
}

// zones are the forms of a time with its zone, and plain those without.
var (
	zones = []string{
		time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05 UTC",
	}
	plain = []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05"}
)

// parseTime parses a time: seconds since the epoch, or milliseconds, microseconds or
// nanoseconds, which are told by their size; or a date and time of RFC 3339, also with a
// space between them or with a shorter zone. Without a zone it is UTC.
func parseTime(s string) (value.Time, error) {
	if len(s) > 10 && (s[10] == 'T' || s[10] == ' ') {
		for _, layouts := range [][]string{zones, plain} {
			for _, layout := range layouts {
				t, err := time.Parse(layout, s)
				if sec := t.Unix(); err == nil && sec < most && sec > -most {
					return value.Time(t.UnixNano()), nil
				}
			}
		}
		return 0, Wrong(schemas.KindTime, s)
	}
	// A number that would be after the year 5000 has another unit: in each, times since
	// 1973 are that large.
	digits := strings.TrimPrefix(s, "-")
	if i := strings.IndexByte(digits, '.'); i >= 0 {
		digits = digits[:i]
	}
	switch n := len(digits); {
	case n < 12 || strings.ContainsAny(s, "eE"):
		return parseSeconds(s)
	case n < 15:
		return scaled(s, 1_000_000)
	case n < 18:
		return scaled(s, 1000)
	}
	return scaled(s, 1)
}

// scaled parses a number of units of so many nanoseconds.
func scaled(s string, unit int64) (value.Time, error) {
	whole, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n > math.MaxInt64/unit-1 || n < math.MinInt64/unit+1 {
		return 0, Wrong(schemas.KindTime, s)
	}
	t := value.Time(n * unit)
	if frac != "" {
		f, err := strconv.ParseFloat("0."+frac, 64)
		if err != nil || strings.ContainsAny(frac, "xXpP_+-") {
			return 0, Wrong(schemas.KindTime, s)
		}
		part := value.Time(math.Round(f*float64(unit)/1000)) * 1000 // microseconds, as of seconds
		if whole[0] == '-' {
			part = -part
		}
		t += part
	}
	return t, nil
}

// Zoneless reports whether a time that parseTime accepts has a date and no zone.
func Zoneless(s string) bool {
	if len(s) <= 10 || s[10] != 'T' && s[10] != ' ' {
		return false
	}
	for _, layout := range plain {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// Unescape reverses the \xhh escapes of Zeek's JSON writer, as far as an escape can be
// told from the same four characters in the value.
func Unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if b, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil && (b < ' ' || b > '~') {
				out = append(out, byte(b))
				i += 3
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
