package dns

import "github.com/wirelog/wirelog/dissect/codec/ascii"

// Names are built as in Zeek: the raw labels, joined by dots, without a final dot. A dot
// inside a label looks like one between labels.

const (
	maxName      = 1024
	maxPlainName = 512 // limit of all names except algorithm names
	maxLabel     = 63  // RFC 1035 section 2.3.4
	longName     = 255 // RFC 1035 section 2.3.4
	// maxExpanded limits the total bytes of a message's names. Pointers can expand
	// them to many times the size of the message.
	maxExpanded = 1 << 20
)

// readName reads a name into dst, up to limit bytes. The name is in lower case if
// lowerCase is set; parts reached through pointers always are. It reports whether parsing
// may continue.
func (d *decoder) readName(dst []byte, limit int, lowerCase bool) ([]byte, bool) {
	r := nameReader{d: d, dst: dst, room: limit}
	d.off = r.read(d.off, len(d.b), lowerCase, 0)
	d.expanded += len(r.dst)
	if d.expanded > maxExpanded {
		d.weird("DNS_names_too_long", "")
		return nil, false
	}
	return r.dst, true
}

type nameReader struct {
	d       *decoder
	dst     []byte
	room    int  // bytes left in dst
	covered bool // an outer call converts everything to lower case
}

// read appends the labels in [at, end) and returns the offset after the name. depth is
// the number of pointers followed so far.
func (r *nameReader) read(at, end int, lowerCase bool, depth int) int {
	if depth > r.d.opt.MaxPointers {
		r.d.weird("DNS_max_compression_chain_depth_exceeded", "")
		return at
	}
	b, dst, start := r.d.b, r.dst, len(r.dst)
	lowerCase = lowerCase && !r.covered
	r.covered = r.covered || lowerCase
	from, to := at, at // of labels that are good and not in dst
labels:
	for at < end {
		n := int(b[at])
		at++
		switch {
		case n == 0 || at == end:
			break labels
		case n&0xc0 == 0xc0: // RFC 1035 section 4.1.4
			here := at - 1
			target := n&0x3f<<8 | int(b[at])
			at++
			if target >= here {
				r.d.weird("DNS_label_forward_compress_offset", "")
				break labels
			}
			r.dst = appendLabels(dst, b[from:to])
			r.read(target, here, true, depth+1)
			dst, from = r.dst, to
			break labels
		case n > end-at:
			r.d.weird("DNS_label_len_gt_pkt", "")
			at = end
			break labels
		case n > maxLabel && !r.d.netBIOS:
			r.d.weird("DNS_label_too_long", "")
			break labels
		case n >= r.room:
			r.d.weird("DNS_label_len_gt_name_len", "")
			break labels
		}
		r.room -= n + 1
		at += n
		to = at
	}
	dst = appendLabels(dst, b[from:to])
	n := len(dst) - start
	if n >= longName {
		r.d.weird("DNS_NAME_too_long", "")
	}
	if n >= 2 && dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
		r.room++
	}
	if lowerCase {
		ascii.Lower(dst[start:])
	}
	r.dst = dst
	return at
}

// appendLabels appends labels, each behind its length, with a dot after each.
func appendLabels(dst, labels []byte) []byte {
	if len(labels) == 0 {
		return dst
	}
	start := len(dst) - 1 // where the first length would be
	dst = append(append(dst, labels[1:]...), '.')
	for i := int(labels[0]) + 1; i < len(labels); i += int(labels[i]) + 1 {
		dst[start+i] = '.'
	}
	return dst
}
