package row

// ErrMalformed is errMalformed, for tests.
var ErrMalformed = errMalformed
