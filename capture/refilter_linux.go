package capture

// SetFilter implements Refilterer: the kernel runs the other filter from now on, where it
// can. What is in the rings has passed the one before; it is filtered again by the new one.
func (l *listener) SetFilter(expr string) error {
	fs, err := refilter(expr, l.filter)
	if err != nil {
		return err
	}
	for _, link := range []uint16{linkEthernet, linkRaw} {
		if fs == nil {
			break
		}
		if !l.has(link == linkEthernet) {
			continue
		}
		if fs.byLink[link], err = compileTokens(expr, fs.toks, int(link)); err != nil {
			return err
		}
	}
	before := l.filter
	for i, t := range l.taps {
		if err = t.iface.refilter(t.socket, fs); err != nil {
			for _, t := range l.taps[:i+1] {
				_ = t.iface.refilter(t.socket, before) // as it was; err tells why
			}
			return err
		}
	}
	l.filter = fs
	now := l.now()
	for _, t := range l.taps {
		t.refiltered = now.UnixNano()
		t.iface.update(t, now)
	}
	return nil
}

// has reports whether a tap is for Ethernet, or for anything else.
func (l *listener) has(ethernet bool) bool {
	for _, t := range l.taps {
		if t.bound && t.ethernet == ethernet {
			return true
		}
	}
	return false
}
