// Lets a transfer through only with a proof of a code for payments: go run . PORT JWKS_URL ISSUER AUDIENCE
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

type proofKey struct{}

// RequireProof hands on requests whose header `countersign-proof` proves a code for the purpose, with the claims in their context.
func RequireProof(keys keyfunc.Keyfunc, issuer, audience, purpose string, next http.Handler) http.Handler {
	// Strict: decoders ignore the unused bits of the last character, so that one signature could be spelled in several ways.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256", "EdDSA"}), jwt.WithStrictDecoding(), jwt.WithIssuer(issuer),
		jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second))
	check := func(token string) (jwt.MapClaims, error) {
		claims := jwt.MapClaims{}
		parsed, err := parser.ParseWithClaims(token, claims, keys.Keyfunc)
		switch {
		case err != nil:
			return nil, err
		case parsed.Header["typ"] != "countersign-proof+jwt" || parsed.Header["crit"] != nil || strings.ContainsAny(token, "\r\n"):
			return nil, fmt.Errorf("not a proof")
		case claims["purpose"] != purpose || claims["binding_sha256"] != nil:
			return nil, fmt.Errorf("made for something else")
		}
		return claims, nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := check(r.Header.Get("countersign-proof"))
		if err != nil {
			w.Header().Set("www-authenticate", fmt.Sprintf("Countersign purpose=%q", purpose))
			http.Error(w, "a proof is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), proofKey{}, claims)))
	})
}

func main() {
	port, jwksURL, issuer, audience := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	// Made once: keyfunc keeps the keys and fetches them again every hour.
	keys, err := keyfunc.NewDefaultCtx(context.Background(), []string{jwksURL})
	if err != nil {
		log.Fatal(err)
	}
	transfer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"transferredFor": r.Context().Value(proofKey{}).(jwt.MapClaims)["sub"]})
	})
	http.Handle("POST /transfer", RequireProof(keys, issuer, audience, "payment", transfer))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
