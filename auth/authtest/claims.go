package authtest

import (
	"strings"
	"time"
)

// claims are tokens with hmpps-auth's signature whose claims do not hold now,
// or can be read in two ways.
func (f forge) claims() []Mutation {
	head, now := f.head.String(), time.Now().Unix()
	var list []Mutation
	for claim, wrong := range map[string]map[string]any{
		"exp": {
			"expired an hour ago": now - 3600, "expired 31 seconds ago": now - 31, "expired at the beginning of time": 0, "expired before it": -now,
			"no end": absent{}, "a null end": nil, "an end that is a string": "4102444800", "an end that is a date": "2099-12-31T00:00:00Z",
			"an end that is true": true, "an end in a list": []int64{now + 3600}, "an end in an object": object{"exp": now + 3600},
		},
		"nbf": {
			"valid in an hour": now + 3600, "valid at the end of time": 1 << 52, "a null beginning": nil, "a beginning that is a string": "0", "a beginning in a list": []int{0},
			"a beginning that is false": false,
		},
		"iss": {
			"another issuer": "https://stranger.example.org/auth/issuer", "no issuer": absent{}, "a null issuer": nil, "an empty issuer": "",
			"the issuer with a slash": Issuer + "/", "the issuer without its scheme": strings.TrimPrefix(Issuer, "https://"),
			"the issuer in upper case": strings.ToUpper(Issuer), "the issuer in a list": []string{Issuer}, "the issuer's beginning": Issuer[:len(Issuer)-1],
			"the issuer with a blank": " " + Issuer,
		},
		"user_name": {"a caller's name that is a list": []string{"TURA_GEN"}, "a caller's name that is a number": 1, "a caller's name that is an object": object{}},
	} {
		for name, value := range wrong {
			list = append(list, Mutation{name, f.sign(head, f.said.with(claim, value))})
		}
	}
	nobody := object{"exp": f.said["exp"], "iss": Issuer, "authorities": f.said["authorities"]}
	return append(append(list, f.twofold()...),
		Mutation{"nobody's name", f.sign(head, nobody.String())},
		Mutation{"empty names", f.sign(head, object{"exp": f.said["exp"], "iss": Issuer, "user_name": "", "client_id": ""}.with("authorities", f.said["authorities"]))},
		Mutation{"an end too great for a number", f.sign(head, strings.Replace(f.said.with("exp", "END"), `"END"`, "1e999", 1))},
		Mutation{"an end that is no number", f.sign(head, strings.Replace(f.said.with("exp", "END"), `"END"`, "NaN", 1))},
		Mutation{"an end under a name in capitals", f.sign(head, strings.Replace(f.said.String(), `"exp"`, `"EXP"`, 1))},
		Mutation{"claims that are not JSON", f.sign(head, "exp=4102444800")},
		Mutation{"claims that are a list", f.sign(head, "["+f.said.String()+"]")},
		Mutation{"claims that are a string", f.sign(head, `"TURA_GEN"`)},
		Mutation{"null claims", f.sign(head, "null")},
		Mutation{"an empty object as claims", f.sign(head, "{}")},
		Mutation{"claims that break off", f.sign(head, strings.TrimSuffix(f.said.String(), "}"))},
		Mutation{"claims with something after them", f.sign(head, f.said.String()+f.said.String())},
		Mutation{"claims with a byte order mark", f.sign(head, "\ufeff"+f.said.String())},
		Mutation{"a good token inside a token", f.sign(head, f.sign(head, f.said.String()))},
	)
}

// twofold are claims that say one thing to one reader and another to the next.
func (f forge) twofold() []Mutation {
	head, past, future := f.head.String(), 1, f.said["exp"]
	return []Mutation{
		{"two ends, the past one first", f.sign(head, f.said.twice("exp", past, future))},
		{"two ends, the past one last", f.sign(head, f.said.twice("exp", future, past))},
		{"two ends, the same", f.sign(head, f.said.twice("exp", future, future))},
		{"two ends, one spelt with an escape", f.sign(head, strings.Replace(f.said.twice("exp", past, future), `"exp"`, `"\u0065xp"`, 1))},
		{"two issuers", f.sign(head, f.said.twice("iss", "https://stranger.example.org", Issuer))},
		{"two lists of roles", f.sign(head, f.said.twice("authorities", []string{}, f.said["authorities"]))},
		{"two names", f.sign(head, f.said.twice("user_name", "SOMEBODY_ELSE", f.said["user_name"]))},
	}
}
