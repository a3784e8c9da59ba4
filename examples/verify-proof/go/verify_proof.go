// Checks Countersign proofs: go run . JWKS_URL ISSUER AUDIENCE PURPOSE [KEY=VALUE ...] < tokens
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// VerifyProof answers with the claims of a right proof. Purpose and binding are what you are about to do.
func VerifyProof(parser *jwt.Parser, keys keyfunc.Keyfunc, token, purpose string, binding map[string]string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parsed, err := parser.ParseWithClaims(token, claims, keys.Keyfunc)
	digest, _ := claims["binding_sha256"].(string)
	switch {
	case err != nil:
		return nil, err
	case parsed.Header["typ"] != "countersign-proof+jwt" || parsed.Header["crit"] != nil || strings.ContainsAny(token, "\r\n"):
		return nil, fmt.Errorf("not a proof")
	case claims["purpose"] != purpose || digest != digestBinding(binding):
		return nil, fmt.Errorf("made for another purpose or binding")
	}
	return claims, nil
}

func digestBinding(binding map[string]string) string {
	if len(binding) == 0 {
		return ""
	}
	hash := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(binding)) {
		fmt.Fprintf(hash, "%s=%s\n", key, binding[key])
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

func main() {
	jwksURL, issuer, audience, purpose, binding := os.Args[1], os.Args[2], os.Args[3], os.Args[4], map[string]string{}
	for _, pair := range os.Args[5:] {
		key, value, _ := strings.Cut(pair, "=")
		binding[key] = value
	}
	// Make both once: keyfunc keeps the keys and fetches them again every hour.
	keys, err := keyfunc.NewDefaultCtx(context.Background(), []string{jwksURL})
	if err != nil {
		panic(err)
	}
	// Strict: decoders ignore the unused bits of the last character, so that one signature could be spelled in several ways.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256", "EdDSA"}), jwt.WithStrictDecoding(), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if claims, err := VerifyProof(parser, keys, lines.Text(), purpose, binding); err != nil {
			fmt.Printf("refused: %q\n", err.Error())
		} else {
			fmt.Println("ok", claims["sub"])
		}
	}
}
