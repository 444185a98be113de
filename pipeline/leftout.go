package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/link/packet"
)

// unknownLinks has a line for each file and link type that is not known.
func (r *run) unknownLinks(files []capture.FileStats) (lines []string) {
	if r.compat.Has(compat.LinkTypes) {
		return nil
	}
	for _, f := range files {
		for _, l := range f.Links {
			if t := packet.LinkType(l.Link); !t.Known() {
				lines = append(lines, fmt.Sprintf("%s: link type %s is not known: %s left out", f.Path, t, were(l.Packets, "packet")))
			}
		}
	}
	return lines
}

// shardReport hands what a shard has counted to another goroutine.
type shardReport struct {
	wanted    atomic.Bool
	mu        sync.Mutex
	packets   uint64
	checksums packet.ChecksumStats
}

// set is called by the shard.
func (r *shardReport) set(s *dissect.Shard) {
	r.mu.Lock()
	r.packets, r.checksums = s.Packets(), s.Checksums().Clone()
	r.mu.Unlock()
	r.wanted.Store(false)
}

// minutes tells once a minute which packets were left out, if there are new ones.
type minutes struct {
	next   time.Time // of the next line
	wanted bool      // the shards have been asked
	told   uint64    // packets left out by the last line
}

// tick is called every second or so. It asks the shards at one call and tells at the next.
func (m *minutes) tick(r *run, now time.Time) {
	switch {
	case r.opts.Notice == nil:
	case m.next.IsZero():
		m.next = now.Add(time.Minute)
	case now.Before(m.next):
	case !m.wanted:
		m.wanted = true
		for _, s := range r.shards {
			s.report.wanted.Store(true)
		}
	default:
		m.wanted, m.next = false, now.Add(time.Minute)
		var sum packet.ChecksumStats
		var packets uint64
		for _, s := range r.shards {
			s.report.mu.Lock()
			sum.Merge(&s.report.checksums)
			packets += s.report.packets
			s.report.mu.Unlock()
		}
		if n := sum.LeftOut() + sum.Taken; n != m.told {
			m.told = n
			c := newChecksums(&sum)
			r.opts.Notice("so far " + c.line(packets))
		}
	}
}

// tellLeftOut tells at the end what was left out because of how it was captured.
func (r *run) tellLeftOut(s *Summary) {
	if r.opts.Notice == nil {
		return
	}
	if c := &s.Checksums; c.LeftOut+c.Taken != 0 {
		r.opts.Notice(c.line(s.Packets))
	}
	headers := uint64(0)
	for _, d := range s.Dropped {
		if d.Unit == UnitPacket && d.Reason == packet.DropTruncatedHeader.String() {
			headers += d.Count
		}
	}
	if line := cutLine(s.Packets, headers, s.Records.Cut); line != "" {
		r.opts.Notice(line)
	}
}

// cutLine tells that headers packets lack their transport header and cut ones were not
// captured whole. It is "" if there are none.
func cutLine(packets, headers, cut uint64) string {
	line := ""
	if headers != 0 {
		line = fmt.Sprintf("%s of %s left out: the TCP, UDP or ICMP header is cut", digits(headers), were(packets, "packet"))
	}
	if cut == 0 {
		return line
	}
	if line != "" {
		line += "; "
	}
	return line + fmt.Sprintf("%s of %s not captured whole, and what is cut off is not analyzed: capture with a larger snapshot length (tcpdump -s 0)",
		digits(cut), were(packets, "packet"))
}

// checksums adds up the counts of the shards.
func (r *run) checksums() Checksums {
	var sum packet.ChecksumStats
	for _, s := range r.shards {
		sum.Merge(s.dissect.Checksums())
	}
	return newChecksums(&sum)
}

// maxOffloading bounds Checksums.Offloading.
const maxOffloading = 100

func newChecksums(sum *packet.ChecksumStats) Checksums {
	c := Checksums{LeftOut: sum.LeftOut(), Partial: sum.Partial, Taken: sum.Taken, More: sum.Unnamed, Offloading: []string{}}
	var hosts []packet.Addr
	for host, n := range sum.Hosts {
		if n.LeftOut() != 0 {
			c.Hosts++
		}
		if n.Partial+n.Taken != 0 {
			hosts = append(hosts, host)
		}
	}
	c.offloading = len(hosts)
	slices.SortFunc(hosts, func(a, b packet.Addr) int {
		m, n := sum.Hosts[a], sum.Hosts[b]
		return cmp.Or(cmp.Compare(n.Partial+n.Taken, m.Partial+m.Taken), a.Netip().Compare(b.Netip()))
	})
	for _, host := range hosts[:min(len(hosts), maxOffloading)] {
		c.Offloading = append(c.Offloading, host.Netip().String())
	}
	return c
}

// line tells in words what was left out of a number of packets, and what to do.
func (c *Checksums) line(packets uint64) string {
	taken := ""
	if c.Taken != 0 {
		taken = fmt.Sprintf("%s taken with partial checksums %s", were(c.Taken, "packet"), c.offloadingHosts())
	}
	if c.LeftOut == 0 {
		return taken
	}
	hosts := plural(uint64(c.Hosts), "host")
	if c.More {
		hosts = "more than " + hosts
	}
	verb := "were"
	if c.LeftOut == 1 {
		verb = "was"
	}
	line := fmt.Sprintf("%s of %s, of %s, %s left out because of checksums", digits(c.LeftOut), plural(packets, "packet"), hosts, verb)
	wrong := c.LeftOut - c.Partial
	switch {
	case c.Partial == 0:
		line += " that are wrong: -C takes them"
	case wrong == 0:
		line += fmt.Sprintf(" that are partial %s: --checksums auto takes these, -C takes all", c.offloadingHosts())
	default:
		line += fmt.Sprintf(": %s partial %s and %s wrong: --checksums auto takes the partial ones, -C takes all",
			are(c.Partial), c.offloadingHosts(), are(wrong))
	}
	if taken != "" {
		line += "; " + taken
	}
	return line
}

// offloadingHosts names the cause and the first hosts.
func (c *Checksums) offloadingHosts() string {
	const most = 5
	n := min(len(c.Offloading), most)
	list := strings.Join(c.Offloading[:n], ", ")
	if more := c.offloading - n; more != 0 {
		list += fmt.Sprintf(" and %s more", digits(uint64(more)))
	}
	return "(checksum offloading on " + list + ")"
}

func digits(n uint64) string { return strconv.FormatUint(n, 10) }

func plural(n uint64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return digits(n) + " " + unit
}

func were(n uint64, unit string) string {
	if n == 1 {
		return plural(n, unit) + " was"
	}
	return plural(n, unit) + " were"
}

func are(n uint64) string {
	if n == 1 {
		return "1 is"
	}
	return digits(n) + " are"
}
