package packet

// View fills ip from the IP header at the start of b, the captured bytes. It is
// for quoted and tunneled headers: unlike Parse, it does not compare the header
// with the frame, and takes lengths and checksum from the header unchecked. It
// returns false, and ip must not be used, if b has no whole IP header.
func (ip *IP) View(b []byte, w *Weirds) bool {
	switch {
	case len(b) >= ipv4HdrLen && b[0]>>4 == 4:
		ip.setIPv4(b)
	case len(b) >= ipv6HdrLen && b[0]>>4 == 6:
		if !ip.setIPv6(b, -1, w) {
			return false
		}
	default:
		return false
	}
	if len(b) < ip.HdrLen {
		return false
	}
	ip.Snapped = false
	ip.totalLen = ip.TotalLen
	ip.setPayload(b)
	return true
}
