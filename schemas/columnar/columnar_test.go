package columnar

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
)

func print(nodes []*Node) string {
	var parts []string
	for _, n := range nodes {
		if n.Field == nil {
			parts = append(parts, n.Name+"{"+print(n.Fields)+"}")
		} else {
			parts = append(parts, fmt.Sprintf("%s=%d", n.Name, n.Index))
		}
	}
	return strings.Join(parts, " ")
}

func TestTree(t *testing.T) {
	for _, tt := range []struct{ columns, want string }{
		{"ts uid", "ts=0 uid=1"},
		{"ts id.orig_h id.orig_p x", "ts=0 id{orig_h=1 orig_p=2} x=3"},
		{"f.ts f.id.h f.id.p f.z", "f{ts=0 id{h=1 p=2} z=3}"},
		{"a.x b a.y", "a{x=0 y=2} b=1"},
		{"a a.x", "a=0 a.x=1"},
		{"a.x a", "a.x=0 a=1"},
		{".a b. c..d", ".a=0 b.=1 c..d=2"},
		{"c.d c.d.x", "c{d=0} c.d.x=1"},
	} {
		var s schemas.Schema
		for _, c := range strings.Fields(tt.columns) {
			s.Fields = append(s.Fields, schemas.Field{Name: c, Kind: schemas.KindString})
		}
		if got := print(Tree(&s)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.columns, got, tt.want)
		}
	}
}

// Every kind of column has a type.
func TestTypes(t *testing.T) {
	for _, s := range schemas.All() {
		for i := range s.Fields {
			if f := &s.Fields[i]; TypeOf(f.Kind) == 0 {
				t.Errorf("%s.%s: %s is no type", s.Name, f.Name, f.Kind)
			}
		}
	}
}
