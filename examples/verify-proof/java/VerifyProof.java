// Checks Countersign proofs: java -cp 'lib/*' VerifyProof.java JWKS_URL ISSUER AUDIENCE PURPOSE [KEY=VALUE ...] < tokens
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.*;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.consumer.*;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;

/** Make it once: it keeps the keys as long as the service says (five minutes), and fetches them again when a new one appears. */
public class VerifyProof {
    private final JwtConsumer consumer;

    VerifyProof(String jwksUrl, String issuer, String audience) {
        consumer = new JwtConsumerBuilder()
            .setVerificationKeyResolver(new HttpsJwksVerificationKeyResolver(new HttpsJwks(jwksUrl)))
            .setJwsAlgorithmConstraints(ConstraintType.PERMIT, "ES256", "EdDSA")
            .setExpectedType(true, "countersign-proof+jwt")
            .setExpectedIssuer(issuer).setExpectedAudience(audience)
            .setRequireSubject().setRequireJwtId().setRequireIssuedAt().setRequireExpirationTime()
            .setAllowedClockSkewInSeconds(5).build();
    }

    /** The claims of a right proof; throws for any other. Purpose and binding are what you are about to do. */
    JwtClaims verify(String token, String purpose, SortedMap<String, String> binding) throws Exception {
        // Decoders ignore the unused bits of the last character, so that one signature could be spelled in several ways.
        String signature = token.substring(token.lastIndexOf('.') + 1);
        byte[] bytes = Base64.getUrlDecoder().decode(signature);
        if (!encode(bytes).equals(signature)) throw new IllegalArgumentException("not in the canonical form");
        JwtClaims claims = consumer.processToClaims(token);
        if (!purpose.equals(claims.getStringClaimValue("purpose"))) throw new IllegalArgumentException("made for another purpose");
        if (!Objects.equals(claims.getStringClaimValue("binding_sha256"), digest(binding))) throw new IllegalArgumentException("made for another binding");
        return claims;
    }

    private static String digest(SortedMap<String, String> binding) throws Exception {
        StringBuilder text = new StringBuilder();
        binding.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        return binding.isEmpty() ? null : encode(MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static String encode(byte[] bytes) { return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes); }

    public static void main(String[] args) throws Exception {
        SortedMap<String, String> binding = new TreeMap<>();
        Arrays.stream(args).skip(4).map(pair -> pair.split("=", 2)).forEach(pair -> binding.put(pair[0], pair[1]));
        VerifyProof verifier = new VerifyProof(args[0], args[1], args[2]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String token; (token = lines.readLine()) != null; ) {
            try { System.out.println("ok " + verifier.verify(token, args[3], binding).getSubject()); }
            catch (Exception error) { System.out.println("refused: " + error.getMessage().lines().findFirst().orElse("")); }
        }
    }
}
