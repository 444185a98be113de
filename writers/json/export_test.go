package json

// Epoch is epoch, for tests.
const Epoch = epoch
