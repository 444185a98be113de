package smb

// smb1State is what is known of a connection of SMB1.
type smb1State struct{ a *analyzer }

func (s *smb1State) reset(a *analyzer) { s.a = a }

// message takes an SMB1 message, magic number included.
func (s *smb1State) message(bool, []byte) {}
