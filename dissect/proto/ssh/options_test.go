package ssh

import (
	"slices"
	"strings"
	"testing"
)

// TestDetach sends segments after a login and counts those that events report.
func TestDetach(t *testing.T) {
	const accept, after = 44, 1000
	login := append(established("none"), ">"+strings.Repeat("e", 40), "<"+strings.Repeat("e", accept), "<"+strings.Repeat("e", accept-16))
	talk := slices.Clone(login)
	for range 5 {
		talk = append(talk, ">"+strings.Repeat("e", after), "<"+strings.Repeat("e", after))
	}
	for _, detach := range []bool{DefaultOptions().Detach, false} {
		o := DefaultOptions()
		o.Detach = detach
		b, rec := newBenchWith(t, o)
		play(b, talk, 1<<16)
		want := [2]uint64{40, 2*accept - 16}
		if !detach {
			want[0] += 5 * after
			want[1] += 5 * after
		}
		if rec.encrypted != want {
			t.Errorf("detached %t: %d encrypted bytes, want %d", detach, rec.encrypted, want)
		}
		logins := 0
		for _, l := range rec.lines {
			if strings.HasPrefix(l, "attempted") || strings.HasPrefix(l, "successful") {
				logins++
			}
		}
		if logins != 2 {
			t.Errorf("detached %t: %q, want one login", detach, rec.lines)
		}
	}
}
