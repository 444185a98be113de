package option_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/option"
)

type part struct {
	Held    int           `key:"limits.held" unit:"bytes" per:"run" min:"1" doc:"bytes held"`
	Each    uint64        `key:"limits.each" unit:"bytes" per:"run" min:"1" max:"100" doc:"bytes of each"`
	Timeout time.Duration `key:"timeouts.part" doc:"silence"`
	Seed    uint64
	Share   part2 `key:"-"`
}

type part2 struct {
	N int `key:"limits.held" min:"1"`
}

type base struct {
	Name string `key:"name" flag:"name" short:"n" oneof:"a,b" doc:"which one"`
}

type whole struct {
	base
	Base
	When   time.Time `key:"when" doc:"time"`
	Notice func()
	Part   part
}

// Base is embedded and exported.
type Base struct {
	Shards int `key:"shards" unit:"count" min:"0" doc:"shards"`
}

func TestKeys(t *testing.T) {
	var names, paths []string
	for _, k := range option.Keys(reflect.TypeFor[whole]()) {
		names, paths = append(names, k.Name), append(paths, k.Path)
	}
	if want := []string{"shards", "when", "limits.held", "limits.each", "timeouts.part"}; !slices.Equal(names, want) {
		t.Errorf("keys %q, want %q", names, want)
	}
	if want := []string{"Shards", "When", "Part.Held", "Part.Each", "Part.Timeout"}; !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
	k := option.Keys(reflect.TypeFor[Named]())[0]
	if k.Flag != "name" || k.Short != "n" || !slices.Equal(k.OneOf, []string{"a", "b"}) || k.Doc != "which one" {
		t.Errorf("%+v", k)
	}
}

// Named has a choice.
type Named struct {
	Name string `key:"name" flag:"name" short:"n" oneof:"a,b" doc:"which one"`
}

func TestDivide(t *testing.T) {
	o := whole{Base: Base{Shards: 9}, Part: part{Held: 10, Each: 2, Seed: 9, Share: part2{9}, Timeout: 9}}
	want := o
	want.Part.Held, want.Part.Each = 3, 1
	if got := option.Divide(o, 3); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if o.Part.Held != 10 {
		t.Error("Divide changed its argument")
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		change func(*whole)
		path   string
	}{
		{func(*whole) {}, ""},
		{func(w *whole) { w.Part.Held = 0 }, "Part.Held"},
		{func(w *whole) { w.Part.Each = 101 }, "Part.Each"},
		{func(w *whole) { w.Part.Each = 1<<64 - 1 }, "Part.Each"},
		{func(w *whole) { w.Part.Timeout = -1 }, "Part.Timeout"},
		{func(w *whole) { w.Shards = -1 }, "Shards"},
	} {
		o := whole{Part: part{Held: 1, Each: 100}}
		c.change(&o)
		path := ""
		k, err := option.Check(&o)
		if err != nil {
			path = k.Path
		}
		if path != c.path {
			t.Errorf("%+v: %q, want %q", o, path, c.path)
		}
	}
	if _, err := option.Check(&Named{Name: "c"}); err == nil {
		t.Error("a choice that there is not: no error")
	}
}

// lists has the kinds of lists.
type lists struct {
	Addrs []netip.Addr   `key:"addrs" doc:"addresses"`
	Ports []uint16       `key:"ports" doc:"ports"`
	Nets  []netip.Prefix `key:"nets" doc:"networks"`

	Times []time.Duration `key:"times" doc:"times"`
}

func TestLists(t *testing.T) {
	keys := option.Keys(reflect.TypeFor[lists]())
	for _, c := range []struct {
		key    string
		raw    any
		isText bool
		want   string // as text, "error" for one
		yaml   string
	}{
		{"addrs", "192.0.2.1, 2001:db8::1", true, "192.0.2.1,2001:db8::1", `["192.0.2.1", "2001:db8::1"]`},
		{"addrs", []any{"::ffff:192.0.2.1"}, false, "192.0.2.1", `["192.0.2.1"]`},
		{"addrs", "", true, "", "[]"},
		{"addrs", "192.0.2.0/24", true, "error", ""},
		{"addrs", "fe80::1%eth0", true, "error", ""},
		{"addrs", 1, false, "error", ""},
		{"ports", "53, 65535,0", true, "53,65535,0", "[53, 65535, 0]"},
		{"ports", []any{53, int64(80), uint64(443), "8080"}, false, "53,80,443,8080", "[53, 80, 443, 8080]"},
		{"ports", 53, false, "53", "[53]"},
		{"ports", "", true, "", "[]"},
		{"ports", "53/udp", true, "error", ""},
		{"ports", "65536", true, "error", ""},
		{"ports", []any{-1}, false, "error", ""},
		{"ports", []any{true}, false, "error", ""},
		{"times", "10m, 1h30m", true, "10m,1h30m", `["10m", "1h30m"]`},
		{"times", []any{"90s"}, false, "1m30s", `["1m30s"]`},
		{"times", "", true, "", "[]"},
		{"times", "10m,-1s", true, "error", ""},
		{"times", "10", true, "error", ""},
		{"nets", "192.0.2.1/24", true, "192.0.2.0/24", `["192.0.2.0/24"]`},
	} {
		var l lists
		k := option.Find(keys, c.key)
		if err := k.Set(&l, c.raw, c.isText); err != nil {
			if c.want != "error" {
				t.Errorf("%s %v: %v", c.key, c.raw, err)
			}
			continue
		}
		if got, yaml := k.Text(&l), k.Literal(&l, ": "); got != c.want || yaml != c.yaml {
			t.Errorf("%s %v: %s, %s; want %s, %s", c.key, c.raw, got, yaml, c.want, c.yaml)
		}
	}
}

// Bytes may be given with a unit, by text and in files; other numbers may not.
func TestBytes(t *testing.T) {
	keys := option.Keys(reflect.TypeFor[whole]())
	key := func(name string) *option.Key {
		i := slices.IndexFunc(keys, func(k option.Key) bool { return k.Name == name })
		return &keys[i]
	}
	for _, c := range []struct {
		text string
		want int // -1 is an error
	}{
		{"1", 1}, {"4096", 4096}, {"4096B", 4096}, {"1KiB", 1024}, {"64MiB", 64 << 20}, {"64 MiB", 64 << 20}, {"64mib", 64 << 20},
		{"1.5GiB", 3 << 29}, {"2TiB", 2 << 40}, {"3kB", 3000}, {"3MB", 3e6}, {"3GB", 3e9}, {"1TB", 1e12},
		{"", -1}, {"MiB", -1}, {"64M", -1}, {"64Mi", -1}, {"1.5", -1}, {"1e3", -1}, {"1e3kB", -1}, {"0x10", -1}, {"0x1MiB", -1},
		{"-1MiB", -1}, {"NaNMiB", -1}, {"99999999999TiB", -1}, {"64MiBs", -1}, {"1_0MiB", -1}, {"0", -1},
	} {
		for _, isText := range []bool{true, false} {
			o := whole{}
			err := key("limits.held").Set(&o, c.text, isText)
			if c.want < 0 && err == nil || c.want >= 0 && (err != nil || o.Part.Held != c.want) {
				t.Errorf("%q, text %v: %d, %v; want %d", c.text, isText, o.Part.Held, err, c.want)
			}
		}
	}
	if err := key("limits.each").Set(&whole{}, "1KiB", true); err == nil {
		t.Error("a unit passes the bound")
	}
	if err := key("shards").Set(&whole{}, "1KiB", true); err == nil {
		t.Error("shards are no bytes")
	}
}
