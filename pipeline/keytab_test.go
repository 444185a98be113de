package pipeline

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

// TestKeytab decrypts the tickets that Samba was shown with the keys of three of its four
// names, and counts the ticket for the fourth.
func TestKeytab(t *testing.T) {
	const client = "root@EXAMPLE.TEST"
	for _, c := range []struct {
		keytab string
		want   []string
		noKey  uint64
	}{
		{"", []string{"", "", "", ""}, 0},
		{filepath.Join("..", "testdata", "krb-service.keytab"), []string{client, client, client, ""}, 1},
	} {
		var clients []string
		o := Defaults()
		o.Paths, o.OutputDir, o.Shards, o.Dissect.KRB.Keytab = []string{"../testdata/krb-service.pcap"}, t.TempDir(), 1, c.keytab
		o.Extend = func(x *Extension) error {
			x.Hooks.KRB.APRequest.Listen(func(e *event.KRBAPRequest) {
				clients = append(clients, string(e.Ticket.AuthenticationInfo.V))
			})
			return nil
		}
		s, err := Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		var noKey uint64
		for _, d := range s.Dropped {
			if d.Where == "KRB" && d.Reason == "no_key" && d.Unit == UnitState && !d.Lost {
				noKey = d.Count
			}
		}
		if !slices.Equal(clients, c.want) || noKey != c.noKey {
			t.Errorf("keytab %q: clients %q, and %d tickets without a key", c.keytab, clients, noKey)
		}
	}
}
