package writers

import (
	"fmt"
	"slices"
	"testing"
)

func TestNewReason(t *testing.T) {
	defer func(old []reason) { reasons = old }(slices.Clone(reasons))
	first := NewReason("test", true)
	for _, c := range []struct {
		what string
		got  Reason
		want string
		lost bool
	}{
		{"a new one", first, "test", true},
		{"the same again", NewReason("test", true), "test", true},
		{"the name of another", NewReason("test", false), "other", false},
		{"the name of a built-in one", NewReason("sampled", true), "other_loss", true},
	} {
		if c.got.String() != c.want || c.got.Lost() != c.lost {
			t.Errorf("%s: %s, lost %t", c.what, c.got, c.got.Lost())
		}
	}
	for i := range MaxReasons {
		NewReason(fmt.Sprint("test", i), false)
	}
	if len(reasons) != MaxReasons {
		t.Fatalf("%d reasons", len(reasons))
	}
	if p, l := NewReason("more", false), NewReason("lost", true); p != dropOther || l != dropLost {
		t.Errorf("beyond the limit: %s and %s", p, l)
	}
	if NewReason("test", true) != first {
		t.Error("a registered reason is not found in a full table")
	}
}
