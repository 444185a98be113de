package pipeline

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
)

// tally counts hosts and services of a shard.
type tally struct {
	hosts    map[netip.Addr]struct{}
	more     bool
	services map[string]uint64
	names    []string
}

// maxHosts bounds the hosts that a shard tells apart.
const maxHosts = 1 << 17

func newTally(h *event.Hooks) *tally {
	t := &tally{hosts: make(map[netip.Addr]struct{}), services: make(map[string]uint64)}
	h.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
		id := e.Conn.ID()
		t.host(id.OrigH)
		t.host(id.RespH)
		t.names = e.Conn.Services(t.names[:0])
		for _, name := range t.names {
			t.services[name]++
		}
	})
	return t
}

func (t *tally) host(a netip.Addr) {
	if _, ok := t.hosts[a]; ok {
		return
	}
	if len(t.hosts) >= maxHosts {
		t.more = true
		return
	}
	t.hosts[a] = struct{}{}
}

// addTallies adds up what the shards have counted. A host may be in several.
func (r *run) addTallies(s *Summary) {
	hosts := make(map[netip.Addr]struct{})
	services := make(map[string]uint64)
	for _, sh := range r.shards {
		s.MoreHosts = s.MoreHosts || sh.tally.more
		for a := range sh.tally.hosts {
			hosts[a] = struct{}{}
		}
		for name, n := range sh.tally.services {
			services[strings.ToLower(name)] += n
		}
	}
	s.Hosts = len(hosts)
	for name, n := range services {
		s.Services = append(s.Services, NameCount{name, n})
	}
	slices.SortFunc(s.Services, func(a, b NameCount) int { return strings.Compare(a.Name, b.Name) })
}
