package pipeline

import (
	"cmp"
	"log/slog"
	"runtime/debug"
	"sort"
	"time"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/codec/mime"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/dissect/file/x509"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/dissect/link/tunnel"
	"github.com/wirelog/wirelog/dissect/proto/ssh"
	"github.com/wirelog/wirelog/dissect/proto/tls"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/writers"
)

// shard is a goroutine's own copy of everything between packets and encoded rows.
type shard struct {
	dissect *dissect.Shard
	logs    *logs.Builders
	hooks   *event.Hooks
	out     *writers.Collector
	frame   packet.Frame
	clock   batchClock // of the batch at work
	now     int64      // clock at the end of the last batch
	panics  uint64     // of builders, beside those that dissect contains
}

func (r *run) newShard(of int) (*shard, error) {
	o := &r.opts
	s := &shard{hooks: new(event.Hooks), out: r.merger.Collector()}
	now := func() value.Time { return s.dissect.Now() }
	cause := func(deadline value.Time, first uint64) { s.out.SetCause(int64(deadline), writers.ClassTimer, first) }
	s.logs = logs.Install(s.hooks, s.out, logs.Options{
		LocalNets: o.LocalNets, Now: now, Cause: cause, Groups: s.out.Groups(), RootCerts: r.roots,
		Limits: logs.Limits{FieldBytes: o.Limits.FieldBytes, FieldElements: o.Limits.FieldElements,
			TotalBytes: o.Limits.RowBytes, TotalElements: o.Limits.RowElements},
	})
	if r.events {
		emit := func(line []byte) {
			s.out.CloseLine(0, append(s.out.OpenLine(0), line[:len(line)-1]...))
		}
		if _, err := event.NewStream(s.hooks, now, emit, o.EventNames...); err != nil {
			return nil, &OptionError{"EventNames", err}
		}
	}
	cfg := o.dissectConfig(r.seed, of)
	cfg.Files.BestType = !r.events // only the stream has the others
	s.dissect = dissect.New(cfg, s.hooks, func(deadline value.Time, first, _ uint64) {
		cause(deadline, first)
	})
	return s, nil
}

// dissectConfig translates the options. Limits in all are shared by the shards.
func (o *Options) dissectConfig(seed conn.Seed, shards int) dissect.Config {
	cfg := dissect.DefaultConfig()
	l, t := &o.Limits, &o.Timeouts
	share := func(n int) int { return max(n/shards, 1) }
	dur := func(d time.Duration) value.Time { return value.Time(d) }
	cfg.Conn.Seed = seed
	cfg.Analyzers = o.Analyzers
	cfg.Conn.DeliverOrig = o.Contents == ContentsOrig || o.Contents == ContentsBoth
	cfg.Conn.DeliverResp = o.Contents == ContentsResp || o.Contents == ContentsBoth
	cfg.Conn.Packet = packet.Options{IgnoreChecksums: o.NoChecksums}
	cfg.Conn.Limits = conn.Limits{
		Connections: share(l.Connections), TotalBytes: uint64(share(l.ReassemblyBytes)),
		SegmentsBehind: l.ReassemblyBlocks, StreamBytes: uint64(l.ExcessiveData),
		AboveHole: uint64(l.AboveHole), InitialWindow: uint64(l.InitialWindow), TunnelChanges: l.TunnelChanges,
		MessageBytes: share(l.MessageBytes),
	}
	cfg.Conn.Timeouts = conn.Timeouts{
		TCPSYN: dur(t.TCPSYN), TCPSession: dur(t.TCPSession), TCPLinger: dur(t.TCPConnectionLinger),
		TCPAttempt: dur(t.TCPAttemptDelay), TCPClose: dur(t.TCPCloseDelay), TCPReset: dur(t.TCPResetDelay),
		TCPPartialClose: dur(t.TCPPartialClose), TCPInactivity: dur(t.TCPInactivity),
		UDPInactivity: dur(t.UDPInactivity), ICMPInactivity: dur(t.ICMPInactivity),
		UnknownIP: dur(t.UnknownIPInactivity), Interactive: dur(t.Interactive),
	}
	cfg.Conn.Weirds = conn.WeirdSampling{Threshold: uint64(o.Weird.Threshold), Rate: uint64(o.Weird.Rate),
		Duration: dur(o.Weird.Duration)}
	cfg.Files = files.Config{
		Timeout: cmp.Or(dur(t.File), -1), Open: share(l.FilesOpen), OpenPerConn: l.FilesPerConn,
		ReassemblyBytes: l.FileReassembly, TotalReassembly: share(l.ReassemblyBytes), Hashes: o.Files.Hash,
		Extract: files.Extraction{Types: o.Files.Extract, Dir: o.Files.ExtractDir,
			Limit: uint64(o.Files.ExtractLimit), Open: share(l.ExtractOpen)},
	}
	p := &cfg.Protocols
	p.DCERPC.Calls, p.DCERPC.Fragment = l.DCERPCCalls, l.DCERPCFragment
	p.FTP.Pending, p.FTP.Channels = l.FTPPending, share(l.FTPChannels)
	p.IRC.Transfers, p.POP3.Pending, p.SMTP.Pending = share(l.IRCTransfers), l.POP3Pending, l.SMTPPending
	p.SMB.Pending, p.SMB.Files, p.SMB.Trees, p.SMB.Pipes = l.SMBPending, l.SMBFiles, l.SMBTrees, l.SMBPipes
	p.Lines, p.MIME = share(l.LineBytes), mime.Limits{Depth: l.MIMEDepth, Header: l.MIMEHeader}
	p.SSH = ssh.Options{Line: l.SSHLine, Preamble: l.SSHPreamble, Packet: l.SSHPacket, Names: l.SSHNames}
	p.TLS = tls.Options{Handshake: l.TLSHandshake, Certificates: l.TLSCertificates, Extensions: l.TLSExtensions, Alerts: l.TLSAlerts}
	p.X509 = x509.Options{File: l.X509Bytes, Extensions: l.X509Extensions}
	cfg.Tunnel = tunnel.DefaultOptions()
	cfg.Tunnel.MaxDepth = l.TunnelDepth
	cfg.IPTunnelTimeout = dur(t.IPTunnel)
	cfg.Fragments = packet.Limits{Timeout: cmp.Or(t.Fragment, -1), Datagrams: share(l.FragmentDatagrams),
		Bytes: share(l.FragmentBytes)}
	return cfg
}

// batchClock is the clock of the packets of one batch. Timers whose deadline lies
// between two batches fire at the first packet of the later one, so where batches
// are cut has no effect on them.
type batchClock struct{ *capture.Batch }

// At returns clock and number of the first packet at or after d, or the end of the
// batch and the number after its last packet if there is none.
func (c *batchClock) At(d value.Time) (value.Time, uint64) {
	b := c.Packets
	i := sort.Search(len(b), func(i int) bool { return b[i].Now >= int64(d) })
	if i == len(b) {
		return value.Time(c.Now), c.Last + 1
	}
	p := &b[i]
	return value.Time(p.Now), p.Num
}

// batch dissects the packets of b that mine has the places of, and returns what they
// gave rise to.
func (s *shard) batch(b *capture.Batch, mine []uint16) *writers.Batch {
	s.clock.Batch = b
	for _, i := range mine {
		p := &b.Packets[i]
		s.advance(value.Time(p.Now))
		s.out.SetCause(p.Now, writers.ClassPacket, p.Num)
		f := &s.frame
		f.Data, f.OrigLen, f.Link = p.Data, p.OrigLen, packet.LinkType(p.Link)
		f.Time, f.Now, f.Num = value.Time(p.Time), value.Time(p.Now), p.Num
		s.dissect.Frame(f)
	}
	s.advance(value.Time(b.Now))
	s.dissect.Settle()
	s.now = b.Now
	s.clock.Batch = nil
	return s.out.Flush()
}

// advance runs what is due at now.
func (s *shard) advance(now value.Time) {
	s.dissect.Advance(now, &s.clock)
	if s.logs.Due(now) {
		s.expire(now)
	}
}

// expire has the builders write what has expired. A panic costs the row at work.
func (s *shard) expire(now value.Time) {
	defer func() {
		if r := recover(); r != nil {
			if s.panics++; s.panics == 1 {
				slog.Error("writing what has expired panicked", "panic", r, "stack", string(debug.Stack()))
			}
		}
	}()
	s.logs.Advance(now, &s.clock)
}

// drain ends the connections that began before packet limit.
func (s *shard) drain(limit uint64) *writers.Batch {
	s.dissect.Drain(limit, value.Time(s.now), func(first uint64) { s.out.SetCause(s.now, writers.ClassEnd, first) })
	return s.out.Flush()
}
