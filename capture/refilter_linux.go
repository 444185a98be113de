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
		if !t.bound {
			continue
		}
		if err = t.setFilter(fs, t.ethernet); err != nil {
			for _, t := range l.taps[:i+1] {
				if t.bound {
					_ = t.setFilter(before, t.ethernet) // as it was; err tells why
				}
			}
			return err
		}
	}
	l.filter = fs
	for _, t := range l.taps {
		t.refiltered = l.now().UnixNano()
		t.stats.Filter = ""
		if t.bound {
			t.stats.Filter = l.filteredBy(t)
		}
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

// filteredBy is where packets of a tap are filtered.
func (l *listener) filteredBy(t *tap) string {
	switch {
	case l.filter == nil:
		return ""
	case t.filtered:
		return FilterKernel
	default:
		return FilterProgram
	}
}
