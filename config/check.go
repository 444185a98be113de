package config

func (l *Loaded) check() []error { return nil }
