// Lets a transfer through only with a proof of a code for payments:
//   mvn -f ../../verify-proof/java/pom.xml dependency:copy-dependencies -DoutputDirectory=$PWD/lib
//   javac -d classes -cp 'lib/*' Guard.java ../../verify-proof/java/VerifyProof.java
//   java -cp 'classes:lib/*' Guard PORT JWKS_URL ISSUER AUDIENCE
import com.sun.net.httpserver.*;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import org.jose4j.jwt.JwtClaims;

/** Hands on requests whose header `countersign-proof` proves a code for the purpose, with the claims as an attribute. */
public class Guard extends Filter {
    private final VerifyProof verifier;
    private final String purpose;

    Guard(VerifyProof verifier, String purpose) {
        this.verifier = verifier;
        this.purpose = purpose;
    }

    @Override public String description() { return "demands a proof"; }

    @Override public void doFilter(HttpExchange exchange, Chain chain) throws IOException {
        String token = exchange.getRequestHeaders().getFirst("countersign-proof");
        JwtClaims claims;
        try { claims = verifier.verify(token == null ? "" : token, purpose, new TreeMap<>()); }
        catch (Exception refused) {
            exchange.getResponseHeaders().set("www-authenticate", "Countersign purpose=\"" + purpose + "\"");
            answer(exchange, 401, "{\"error\":\"a proof is needed\"}");
            return;
        }
        exchange.setAttribute("proof", claims);
        chain.doFilter(exchange);
    }

    static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("content-type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        try (exchange) { exchange.getResponseBody().write(bytes); }
    }

    public static void main(String[] args) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
        server.createContext("/transfer", exchange ->
            answer(exchange, 200, "{\"transferredFor\":\"" + ((JwtClaims) exchange.getAttribute("proof")).getClaimValue("sub") + "\"}"))
            .getFilters().add(new Guard(new VerifyProof(args[1], args[2], args[3]), "payment"));
        server.start();
    }
}
