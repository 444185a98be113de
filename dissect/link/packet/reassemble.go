package packet

import (
	"bytes"
	"encoding/binary"

	"github.com/wirelog/wirelog/value"
)

const (
	pageSize = 2048
	// maxFragEnd bounds the end of a fragment: the largest offset and length
	// that headers can express. As in Zeek, a datagram over 64 KB is returned
	// with its length truncated to 16 bits.
	maxFragEnd = 0x1fff*8 + 0xffff
	maxPages   = (maxFragEnd + pageSize - 1) / pageSize
	// maxFragHdr bounds the header that is kept of a datagram. A datagram whose
	// IPv6 header with its extension headers does not fit is not reassembled.
	maxFragHdr = 2048

	minFragLen = 64    // Zeek's MIN_ACCEPTABLE_FRAG_SIZE
	maxFragLen = 64000 // Zeek's MAX_ACCEPTABLE_FRAG_SIZE
)

// FragStats are the counters of a Reassembler.
type FragStats struct {
	// Fragments counts the fragments fed, Datagrams the datagrams completed.
	Fragments, Datagrams uint64
	// Expired counts the datagrams given up at the timeout, Evicted those given
	// up at a limit.
	Expired, Evicted uint64
	// Held is the current number of incomplete datagrams, Bytes the memory that they
	// take.
	Held, Bytes int
}

// A Reassembler reassembles IP fragments (RFC 791 section 3.2, RFC 8200 section
// 4.5) with Zeek's policy: where fragments overlap, the bytes that arrived
// first win. Its memory is bounded; at a limit the oldest datagram is dropped.
// It belongs to one goroutine.
type Reassembler struct {
	// Domain separates equal addresses in different tunnels: only fragments fed
	// under the same Domain are combined.
	Domain uint32

	opt      Options
	maxPages int

	index map[fragKey]int32 // into slots
	slots []datagram
	free  []int32 // unused slots
	// Oldest and newest datagram in the order of their first fragments, -1 if
	// none. As the clock never goes back, this is also the order of expiry.
	head, tail int32

	pages     [][]byte
	freePages []int32
	usedPages int

	stats   FragStats
	out     IP
	scratch []byte
}

type fragKey struct {
	src, dst [16]byte
	id       uint32
	domain   uint32
	version  uint8
}

// span is a block of received bytes. Blocks stay as they arrived and are never
// merged, because Zeek reports overlaps per block.
type span struct{ from, to uint32 }

type datagram struct {
	key        fragKey
	deadline   value.Time
	prev, next int32
	size       uint32 // of the payload according to the last fragment; 0 if unknown
	hdr        []byte // of the first fragment to arrive, without the fragment header
	nextProto  uint8
	proto      uint8 // of the first fragment to arrive, for IPv4
	spans      []span
	pages      [maxPages]int32 // page number + 1
	npages     int
}

// NewReassembler returns a Reassembler within the limits of o.
func NewReassembler(o Options) *Reassembler {
	return &Reassembler{
		opt:      o,
		maxPages: max(o.FragmentBytes/pageSize, maxPages),
		index:    make(map[fragKey]int32),
		head:     -1,
		tail:     -1,
	}
}

// Stats returns the counters.
func (r *Reassembler) Stats() FragStats {
	s := r.stats
	s.Held = len(r.index)
	s.Bytes = r.usedPages * pageSize
	return s
}

// Feed adds a fragment and returns the datagram to decode further, if any: the
// reassembled one when ip was the last missing piece, or ip itself if it is a
// first fragment that was not captured in full, which Zeek analyzes as it is. A
// reassembled datagram is valid until the next Feed. now is the run's clock.
// Weirds are added to w. A result other than DropNone means that the fragment
// was dropped.
func (r *Reassembler) Feed(ip *IP, now value.Time, w *Weirds) (*IP, Drop) {
	r.Expire(now)
	r.stats.Fragments++
	if len(ip.raw) < ip.totalLen {
		w.flow(ip, layerIP.String(), "incompletely_captured_fragment", "")
		if ip.FragOffset != 0 {
			return nil, dropFragmentCut
		}
		return ip, DropNone
	}
	if ip.HdrLen > maxFragHdr {
		w.flow(ip, "", "fragment_header_too_long", "")
		return nil, dropMalformed
	}
	key := fragKey{src: ip.Src, dst: ip.Dst, id: ip.ID, domain: r.Domain, version: ip.Version}
	n, ok := r.index[key]
	if !ok {
		n = r.open(key, ip, now, w)
	}
	if r.add(n, ip, w) {
		return r.finish(n, w)
	}
	return nil, DropNone
}

// Expire gives up the datagrams that have reached the timeout.
func (r *Reassembler) Expire(now value.Time) {
	for r.head >= 0 && r.opt.FragmentTimeout > 0 && r.slots[r.head].deadline <= now {
		r.close(r.head)
		r.stats.Expired++
	}
}

// open begins a datagram with ip, its first fragment to arrive.
func (r *Reassembler) open(key fragKey, ip *IP, now value.Time, w *Weirds) int32 {
	if len(r.index) >= r.opt.FragmentDatagrams {
		r.evict(w)
	}
	var n int32
	if k := len(r.free); k > 0 {
		n = r.free[k-1]
		r.free = r.free[:k-1]
	} else {
		n = int32(len(r.slots))
		r.slots = append(r.slots, datagram{})
	}
	d := &r.slots[n]
	d.key = key
	d.deadline = now + value.Time(r.opt.FragmentTimeout)
	d.prev, d.next = r.tail, -1
	if r.tail >= 0 {
		r.slots[r.tail].next = n
	} else {
		r.head = n
	}
	r.tail = n
	d.size = 0
	hdr := ip.raw[:ip.HdrLen]
	if ip.Version == 6 {
		hdr = hdr[:len(hdr)-8]
	}
	d.hdr = append(d.hdr[:0], hdr...)
	d.nextProto = ip.Proto
	d.proto = ip.Proto
	r.index[key] = n
	return n
}

// close forgets a datagram and frees its memory.
func (r *Reassembler) close(n int32) {
	d := &r.slots[n]
	for i, p := range d.pages {
		if d.npages == 0 {
			break
		}
		if p != 0 {
			r.freePages = append(r.freePages, p-1)
			r.usedPages--
			d.pages[i] = 0
			d.npages--
		}
	}
	if cap(d.spans) > 64 {
		d.spans = nil // do not keep the long list of an attack
	}
	d.spans = d.spans[:0]
	if d.prev >= 0 {
		r.slots[d.prev].next = d.next
	} else {
		r.head = d.next
	}
	if d.next >= 0 {
		r.slots[d.next].prev = d.prev
	} else {
		r.tail = d.prev
	}
	delete(r.index, d.key)
	r.free = append(r.free, n)
}

// evict gives up the oldest datagram because of a limit.
func (r *Reassembler) evict(w *Weirds) {
	d := &r.slots[r.head]
	w.Add(Weird{Name: "fragment_limit_exceeded", Src: d.key.src, Dst: d.key.dst, HasAddrs: true})
	r.close(r.head)
	r.stats.Evicted++
}

// add adds a fragment to datagram n and reports whether the datagram is now
// complete.
func (r *Reassembler) add(n int32, ip *IP, w *Weirds) bool {
	d := &r.slots[n]
	if ip.Version == 4 {
		if ip.Proto != d.proto || ip.HdrLen != len(d.hdr) {
			w.flow(ip, "", "fragment_protocol_inconsistency", "")
		}
	} else if ip.Proto != d.nextProto || ip.HdrLen-8 != len(d.hdr) {
		w.flow(ip, "", "fragment_protocol_inconsistency", "")
	}
	if ip.DF {
		w.flow(ip, "", "fragment_with_DF", "")
	}
	if ip.TotalLen < ip.HdrLen { // not even the header's length
		w.flow(ip, "", "fragment_protocol_inconsistency", "")
		return false
	}
	data := ip.raw[ip.HdrLen:ip.TotalLen]
	from := uint32(ip.FragOffset)
	to := from + uint32(len(data))

	if from == 0 {
		d.nextProto = ip.Proto
	}
	if !ip.MF {
		if d.size == 0 {
			d.size = to
		} else if to != d.size {
			w.flow(ip, "", "fragment_size_inconsistency", "")
			d.size = max(d.size, to)
		}
	} else if ip.TotalLen < minFragLen {
		w.flow(ip, "", "excessively_small_fragment", "")
	}
	if to > maxFragLen {
		w.flow(ip, "", "excessively_large_fragment", "")
	}
	if d.size != 0 && to > d.size {
		// The fragment is not the last but reaches beyond the end that the last
		// one set.
		w.flow(ip, "", "fragment_size_inconsistency", "")
		d.size = to
	}
	if from == to {
		return false
	}
	return r.insert(n, from, to, data, w) && r.complete(d, w)
}

// insert stores bytes [from, to) of datagram n, except those that it already
// has. It reports false if the datagram itself was evicted to make room.
func (r *Reassembler) insert(n int32, from, to uint32, data []byte, w *Weirds) bool {
	d := &r.slots[n]
	// i is the first block that ends after from.
	i := len(d.spans)
	if i > 0 && d.spans[i-1].to > from {
		lo, hi := 0, i
		for lo < hi {
			m := int(uint(lo+hi) / 2)
			if d.spans[m].to > from {
				hi = m
			} else {
				lo = m + 1
			}
		}
		i = lo
	}
	for j := i; j < len(d.spans) && d.spans[j].from < to; j++ {
		a, b := max(from, d.spans[j].from), min(to, d.spans[j].to)
		if r.equal(d, a, data[a-from:b-from]) {
			r.weird(d, "fragment_overlap", w)
		} else {
			r.weird(d, "fragment_inconsistency", w)
		}
	}
	for pos := from; pos < to; i++ {
		end := to
		if i < len(d.spans) {
			if d.spans[i].from <= pos {
				pos = max(pos, d.spans[i].to)
				continue
			}
			end = min(to, d.spans[i].from)
		}
		if !r.write(n, pos, data[pos-from:end-from], w) {
			return false
		}
		d.spans = append(d.spans, span{})
		copy(d.spans[i+1:], d.spans[i:])
		d.spans[i] = span{pos, end}
		pos = end
	}
	return true
}

// complete reports, as Zeek does, whether the blocks of d make up a datagram.
func (r *Reassembler) complete(d *datagram, w *Weirds) bool {
	if d.spans[0].from > 0 || d.size == 0 {
		return false
	}
	i := 0
	for i+1 < len(d.spans) && d.spans[i].to == d.spans[i+1].from {
		i++
	}
	end := d.spans[i].to
	switch {
	case i+1 < len(d.spans): // a hole
		if end < d.size {
			return false
		}
		// There are bytes beyond the end that the last fragment set: pieces of
		// two datagrams are mixed. Zeek takes the contiguous part.
		r.weird(d, "fragment_size_inconsistency", w)
		d.size = end
	case end > d.size:
		r.weird(d, "fragment_size_inconsistency", w)
		d.size = end
	case end < d.size:
		return false
	}
	return true
}

// finish returns the datagram made of n and forgets n.
func (r *Reassembler) finish(n int32, w *Weirds) (*IP, Drop) {
	d := &r.slots[n]
	hlen, size := len(d.hdr), int(d.size)
	r.scratch = append(r.scratch[:0], d.hdr...)
	for off := 0; off < size; off += pageSize {
		p := r.pages[d.pages[off/pageSize]-1]
		r.scratch = append(r.scratch, p[:min(pageSize, size-off)]...)
	}
	version, next := d.key.version, int(d.nextProto)
	r.close(n)

	ip, b := &r.out, r.scratch
	if version == 4 {
		binary.BigEndian.PutUint16(b[2:], uint16(hlen+size))
		ip.setIPv4(b)
	} else {
		binary.BigEndian.PutUint16(b[4:], uint16(hlen+size-ipv6HdrLen))
		if !ip.setIPv6(b, next, w) {
			w.flow(ip, layerIP.String(), "max_ipv6_ext_headers_exceeded", "")
			return nil, dropDepth
		}
	}
	if ip.HdrLen > ip.TotalLen {
		w.flow(ip, layerIP.String(), "invalid_IP_header_size", "")
		return nil, dropMalformed
	}
	ip.Reassembled = true
	ip.Snapped = false
	ip.totalLen = ip.TotalLen
	ip.setPayload(b[:min(len(b), ip.TotalLen)])
	r.stats.Datagrams++
	return ip, DropNone
}

// weird adds a weird about the datagram, with the addresses of its first
// fragment.
func (r *Reassembler) weird(d *datagram, name string, w *Weirds) {
	w.Add(Weird{Name: name, Src: d.key.src, Dst: d.key.dst, HasAddrs: true})
}

// equal reports whether b equals the bytes stored at off.
func (r *Reassembler) equal(d *datagram, off uint32, b []byte) bool {
	for len(b) > 0 {
		p := r.pages[d.pages[off/pageSize]-1][off%pageSize:]
		k := min(len(p), len(b))
		if !bytes.Equal(p[:k], b[:k]) {
			return false
		}
		b = b[k:]
		off += uint32(k)
	}
	return true
}

// write stores b at off. To make room it evicts the oldest datagrams; it
// reports false if n itself was evicted.
func (r *Reassembler) write(n int32, off uint32, b []byte, w *Weirds) bool {
	for len(b) > 0 {
		slot := off / pageSize
		if r.slots[n].pages[slot] == 0 {
			for len(r.freePages) == 0 && len(r.pages) >= r.maxPages {
				oldest := r.head
				r.evict(w)
				if oldest == n {
					return false
				}
			}
			d := &r.slots[n]
			d.pages[slot] = r.page() + 1
			d.npages++
		}
		p := r.pages[r.slots[n].pages[slot]-1][off%pageSize:]
		k := copy(p, b)
		b = b[k:]
		off += uint32(k)
	}
	return true
}

// page returns an unused page.
func (r *Reassembler) page() int32 {
	r.usedPages++
	if k := len(r.freePages); k > 0 {
		p := r.freePages[k-1]
		r.freePages = r.freePages[:k-1]
		return p
	}
	r.pages = append(r.pages, make([]byte, pageSize))
	return int32(len(r.pages) - 1)
}
