// Package upstream makes the calls to ptpu's neighbours. New gives an
// http.Client whose transport carries everything that all calls share; API
// makes one call on such a client, JSON in and JSON out, and turns whatever
// becomes of it into ptpu's errors. The clients of the single APIs stand on it.
//
//	API.Call ──> identify ──> repeat ──> guard ──> bearer ──> whole ──> pooled connections
//	             User-Agent,  safe calls, circuit, token, once deadline,
//	             traceparent  once more   limits   more at 401 10 MB
//
// A Circuit for each neighbour stands behind the guard. It judges each request
// as the call itself is judged, opens when the neighbour fails or refuses our
// credentials, and finds out by pings, and by reads that worked before, when to
// close. It keeps the number of requests at once, and their rate, to what the
// neighbour can bear.
//
// The order has reasons. A token is asked for outside the call's own deadline,
// so that a slow token costs no call its time; so is a turn waited for. The
// guard stands below the repeat, because each request counts and a held one is
// not repeated, and above the token, so that a 401 which a new token mends is no
// failure. Whole sits innermost: it reads the answer to its end inside the
// deadline, so that the layers above it see either an answer or a failure, and
// never a body that breaks later.
package upstream
