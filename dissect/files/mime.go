package files

import "github.com/wirelog/wirelog/dissect/event"

func appendMatches(dst []event.MIMEMatch, head []byte) []event.MIMEMatch { return dst }
