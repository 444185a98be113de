package option

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/internal/nearest"
)

// Set sets the field of k in the struct that to points to. raw comes from a file
// with its type or, if isText is set, as text from a flag or the environment.
func (k *Key) Set(to, raw any, isText bool) error {
	if s, ok := raw.(string); ok && isText {
		raw = k.fromText(s)
	}
	switch p := k.Field(to).Addr().Interface().(type) {
	case *string:
		s, ok := raw.(string)
		if !ok {
			if k.Secret {
				return errors.New("want text; put it in quotes")
			}
			return fmt.Errorf("want text, got %v; put it in quotes", raw)
		}
		if err := k.oneOf(s); err != nil {
			return err
		}
		if k.IsPath {
			var err error
			if s, err = ExpandPath(s); err != nil {
				return err
			}
		}
		*p = s
	case *bool:
		b, ok := raw.(bool)
		if !ok {
			return fmt.Errorf("want true or false, got %s", Show(raw))
		}
		*p = b
	case *int, *uint64:
		n, ok := integer(raw)
		if s, isText := raw.(string); isText && k.Unit == "bytes" {
			n, ok = size(s)
		}
		switch {
		case !ok && k.Unit == "bytes":
			return fmt.Errorf("want bytes such as 268435456 or 256MiB, got %s", Show(raw))
		case !ok:
			return fmt.Errorf("want a whole number, got %s", Show(raw))
		}
		if err := k.inRange(n); err != nil {
			return err
		}
		if field := k.Field(to); field.CanInt() {
			field.SetInt(n)
		} else {
			field.SetUint(uint64(n))
		}
	case *time.Duration:
		s, ok := raw.(string)
		if !ok {
			return fmt.Errorf("want a duration such as 90s or 5m, got %s", Show(raw))
		}
		d, err := duration(s)
		if err != nil {
			return err
		}
		*p = d
	case *[]time.Duration:
		list, err := stringList(raw)
		if err != nil {
			return err
		}
		*p = nil
		for _, s := range list {
			d, err := duration(s)
			if err != nil {
				return err
			}
			*p = append(*p, d)
		}
	case *time.Time:
		t, err := instant(raw)
		if err != nil {
			return err
		}
		*p = t
	case *[]string:
		list, err := stringList(raw)
		if err != nil {
			return err
		}
		if k.IsPath && len(list) > 0 {
			list = slices.Clone(list)
			if list[0], err = ExpandPath(list[0]); err != nil {
				return err
			}
		}
		if k.ArePaths {
			list = slices.Clone(list)
			for i := range list {
				if list[i], err = ExpandPath(list[i]); err != nil {
					return err
				}
			}
		}
		*p = list
	case *map[string]string:
		section, ok := raw.(map[string]any)
		if !ok {
			return fmt.Errorf("want a section of texts, got %s", Show(raw))
		}
		*p = make(map[string]string, len(section))
		for name, v := range section {
			s, ok := v.(string)
			if !ok {
				return fmt.Errorf("%s: want text, got %s", name, Show(v))
			}
			(*p)[name] = s
		}
	case *[]netip.Prefix:
		list, err := stringList(raw)
		if err != nil {
			return err
		}
		*p = nil
		for _, s := range list {
			net, err := netip.ParsePrefix(s)
			if err != nil {
				return fmt.Errorf("want a network such as 192.0.2.0/24, got %q", s)
			}
			*p = append(*p, net.Masked())
		}
	case *[]netip.Addr:
		list, err := stringList(raw)
		if err != nil {
			return err
		}
		*p = nil
		for _, s := range list {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return fmt.Errorf("want an address such as 192.0.2.1, got %q", s)
			}
			*p = append(*p, a.Unmap())
		}
	case *[]uint16:
		list, err := portList(raw)
		if err != nil {
			return err
		}
		*p = list
	default:
		panic("option: no rule for the type of " + k.Name)
	}
	return nil
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("want a duration such as 90s or 5m, got %q", s)
	case d < 0:
		return 0, fmt.Errorf("want a duration that is not negative, got %s", d)
	}
	return d, nil
}

// sizes are the units of bytes: binary ones of IEC 80000-13, and decimal ones.
var sizes = map[string]float64{
	"": 1, "b": 1,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	"kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
}

// size reads a number of bytes, with a unit of sizes or without; with one it may have a
// fraction, as in 1.5GiB.
func size(s string) (int64, bool) {
	end := strings.LastIndexAny(s, "0123456789") + 1
	number, unit := s[:end], strings.ToLower(strings.TrimLeft(s[end:], " "))
	factor, ok := sizes[unit]
	if !ok {
		return 0, false
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && factor == 1 {
		return n, true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || factor == 1 || strings.ContainsAny(number, "eExXpP_") || f*factor >= math.MaxInt64 {
		return 0, false
	}
	return int64(f * factor), true
}

// ExpandPath replaces a ~ at the beginning of a path by the user's home folder, and $NAME
// and ${NAME} by environment variables; $$ stands for a $. A variable that is not set is an
// error.
func ExpandPath(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		if rest != "" && rest[0] != '/' && rest[0] != filepath.Separator {
			return "", fmt.Errorf("%s: only ~/ stands for a home folder, that of this user; write ./%s for a file of that name", path, path)
		}
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%s: the home folder is not known: %w", path, err)
		}
		path = strings.ReplaceAll(home, "$", "$$") + rest
	}
	var missing string
	path = os.Expand(path, func(name string) string {
		value, ok := os.LookupEnv(name)
		switch {
		case name == "$":
			return "$"
		case !ok && missing == "":
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("the path has the variable $%s, which is not set; write $$ for a $", missing)
	}
	return path, nil
}

func (k *Key) oneOf(s string) error {
	if k.OneOf != nil && !slices.Contains(k.OneOf, s) {
		return fmt.Errorf("want one of %s, got %q%s", strings.Join(k.OneOf, ", "), s, nearest.Hint(s, k.OneOf))
	}
	return nil
}

// fromText converts text to the type that the same value has in a file.
func (k *Key) fromText(s string) any {
	switch k.Type {
	case reflect.TypeFor[bool]():
		if b, err := strconv.ParseBool(s); err == nil {
			return b
		}
	case reflect.TypeFor[int](), reflect.TypeFor[uint64]():
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	}
	return s
}

func integer(raw any) (int64, bool) {
	switch n := raw.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case uint64:
		return int64(n), n <= 1<<63-1
	default:
		return 0, false
	}
}

// instant accepts RFC 3339, the same format without a zone for local time, and the
// types to which YAML and TOML decode either.
func instant(raw any) (time.Time, error) {
	if t, ok := raw.(time.Time); ok {
		return t, nil
	}
	s := fmt.Sprint(raw)
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("want a time such as 2026-09-22T07:00:00 or 2026-09-22T07:00:00Z, got %q", s)
}

// stringList accepts a list of texts, or one text with commas.
func stringList(raw any) ([]string, error) {
	var list []string
	switch v := raw.(type) {
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
	case []string:
		list = v
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, fmt.Errorf("want a list of texts, got %s in it", Show(e))
			}
			list = append(list, s)
		}
	default:
		return nil, fmt.Errorf("want a list, got %s", Show(raw))
	}
	return list, nil
}

// portList accepts a list of port numbers, one number, or one text with commas.
func portList(raw any) ([]uint16, error) {
	var all []any
	switch v := raw.(type) {
	case []any:
		all = v
	case string, []string:
		texts, err := stringList(v)
		if err != nil {
			return nil, err
		}
		for _, s := range texts {
			all = append(all, s)
		}
	default:
		all = []any{raw}
	}
	var list []uint16
	for _, v := range all {
		n, ok := integer(v)
		if s, isText := v.(string); isText {
			u, err := strconv.ParseUint(s, 10, 16)
			n, ok = int64(u), err == nil
		}
		if !ok || n < 0 || n > math.MaxUint16 {
			return nil, fmt.Errorf("want a port such as 53, got %s", Show(v))
		}
		list = append(list, uint16(n))
	}
	return list, nil
}

// Show formats a value from a file for an error message.
func Show(raw any) string {
	switch v := raw.(type) {
	case string:
		return strconv.Quote(v)
	case []any, map[string]any:
		return "a list or section"
	default:
		return fmt.Sprint(v)
	}
}

// Text formats the field of k in the struct that of points to, in the form of
// flags and environment variables.
func (k *Key) Text(of any) string { return text(k.Field(of)) }

func text(field reflect.Value) string {
	switch v := field.Interface().(type) {
	case time.Duration:
		return durationText(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.Format(time.RFC3339Nano)
	case []string:
		return strings.Join(v, ",")
	case []time.Duration:
		list := make([]string, len(v))
		for i, d := range v {
			list[i] = durationText(d)
		}
		return strings.Join(list, ",")
	case []netip.Prefix:
		list := make([]string, len(v))
		for i, p := range v {
			list[i] = p.String()
		}
		return strings.Join(list, ",")
	case []netip.Addr:
		list := make([]string, len(v))
		for i, a := range v {
			list[i] = a.String()
		}
		return strings.Join(list, ",")
	case []uint16:
		list := make([]string, len(v))
		for i, n := range v {
			list[i] = strconv.Itoa(int(n))
		}
		return strings.Join(list, ",")
	default:
		return fmt.Sprint(v)
	}
}

// Literal formats the field of k in the struct that of points to, in a form valid
// in both YAML and TOML. assign is the separator of names and values in the
// format used.
func (k *Key) Literal(of any, assign string) string {
	field := k.Field(of)
	switch field.Kind() {
	case reflect.Bool, reflect.Int, reflect.Uint64:
		return text(field)
	case reflect.Map:
		var pairs []string
		section := field.Interface().(map[string]string)
		for _, name := range slices.Sorted(maps.Keys(section)) {
			pairs = append(pairs, name+assign+quote(section[name]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	case reflect.Slice:
		if field.Len() == 0 {
			return "[]"
		}
		list, ok := field.Interface().([]string)
		if !ok {
			list = strings.Split(text(field), ",")
		}
		if _, numbers := field.Interface().([]uint16); numbers {
			return "[" + strings.Join(list, ", ") + "]"
		}
		list = slices.Clone(list)
		for i, s := range list {
			list[i] = quote(s)
		}
		return "[" + strings.Join(list, ", ") + "]"
	default:
		return quote(text(field))
	}
}

// Kind names the type of k's value for usage lines.
func (k *Key) Kind() string {
	switch k.Type {
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch k.Type.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Uint64:
		if k.Unit == "bytes" {
			return "bytes"
		}
		return "number"
	case reflect.Slice:
		return "names"
	default:
		return "text"
	}
}

// quote returns a string in double quotes with JSON's escapes, which YAML and
// TOML share.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string can always be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// durationText omits the zero minutes and seconds that Duration.String prints.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
