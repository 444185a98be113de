package row

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Parse parses the text of a value as Zeek writes it. It does not handle strings.
func Parse(k schemas.Kind, s string) (v Value, err error) {
	v.Set = true
	switch k {
	case schemas.KindBool:
		if s != "T" && s != "F" {
			return v, Wrong(k, s)
		}
		if s == "T" {
			v.Number = 1
		}
	case schemas.KindCount:
		v.Number, err = strconv.ParseUint(s, 10, 64)
	case schemas.KindInt:
		var n int64
		n, err = strconv.ParseInt(s, 10, 64)
		v.Number = uint64(n)
	case schemas.KindPort:
		s, _, _ := strings.Cut(s, "/") // some programs write "80/tcp"
		v.Number, err = strconv.ParseUint(s, 10, 16)
	case schemas.KindDouble, schemas.KindInterval:
		v.Double, err = strconv.ParseFloat(s, 64)
	case schemas.KindTime:
		var t value.Time
		t, err = parseSeconds(s)
		v.Number = uint64(t)
	case schemas.KindAddr:
		var a netip.Addr
		a, err = netip.ParseAddr(s)
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

// ParseTime parses a time of JSON: seconds, milliseconds or ISO 8601.
func ParseTime(s string) (value.Time, error) {
	if strings.ContainsAny(s, "T:") {
		t, err := time.Parse(time.RFC3339Nano, s)
		if sec := t.Unix(); err != nil || sec >= most || sec <= -most {
			return 0, Wrong(schemas.KindTime, s)
		}
		return value.Time(t.UnixNano()), nil
	}
	// Zeek writes seconds as a double with a decimal point.
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && (n > 1e11 || n < -1e11) && n < math.MaxInt64/1_000_000 && n > math.MinInt64/1_000_000 {
		return value.Time(n * 1_000_000), nil
	}
	return parseSeconds(s)
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
