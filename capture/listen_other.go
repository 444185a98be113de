//go:build !linux

package capture

import "errors"

// ListenUDP returns an error: live capture is for Linux.
func ListenUDP([]string, ListenOptions) (Source, error) {
	return nil, errors.New("mirrors are received on Linux only")
}

// Listen returns an error: live capture is for Linux.
func Listen([]string, ListenOptions) (Source, error) {
	return nil, errors.New(`live capture works on Linux only: pipe it, as in "tcpdump -i IFACE -U -w - | wirelog read -"`)
}
