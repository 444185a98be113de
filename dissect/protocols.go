package dissect

import (
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/dns"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/files"
	"github.com/wirelog/wirelog/dissect/socks"
)

// protocols makes the analyzers of one shard. A protocol is added here and
// nowhere else. What they transfer goes to fm.
func protocols(hooks *event.Hooks, fm *files.Manager) []*detect.Protocol {
	return []*detect.Protocol{
		dns.New(hooks, event.ProtoUDP, dns.DefaultOptions()),
		dns.New(hooks, event.ProtoTCP, dns.DefaultOptions()),
		socks.New(hooks),
	}
}
