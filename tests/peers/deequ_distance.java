/* What Deequ says of two samples, by its own classes: no Spark session is needed for its distances.
 *
 *     java -cp 'JARS/*' deequ_distance.java < SAMPLES > FIGURES
 *
 * SAMPLES: a line each side of a feature, baseline first: NAME, tab, "n" or "c", tab, values with tabs between. FIGURES: NAME, simple, robust
 * L-infinity, and of categories p and statistic of the chi-squared test. */
import com.amazon.deequ.analyzers.Distance;
import com.amazon.deequ.analyzers.QuantileNonSample;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import scala.Option;
import scala.collection.mutable.HashMap;
import scala.collection.mutable.Map;
import scala.math.Ordering;
import scala.reflect.ClassTag;

public class deequ_distance {
  static final int SKETCH = 1 << 14;   // so that the sketch keeps every value

  @SuppressWarnings("unchecked")
  static QuantileNonSample<Object> sketch(String[] word) {
    QuantileNonSample<Object> q = new QuantileNonSample<>(SKETCH, 0.64, (Ordering<Object>) (Object) scala.math.Ordering.Double$.MODULE$,
                                                          (ClassTag<Object>) (Object) ClassTag.Double());
    for (int i = 2; i < word.length; i++)
      q.update(Double.parseDouble(word[i]));
    return q;
  }

  static Map<String, Object> counts(String[] word) {
    Map<String, Object> m = new HashMap<>();
    for (int i = 2; i < word.length; i++)
      m.put(word[i], m.contains(word[i]) ? (Long) m.apply(word[i]) + 1 : 1L);
    return m;
  }

  static String numbers(String[] base, String[] now) {
    Option<Object> none = Option.empty();
    return Distance.numericalDistance(sketch(now), sketch(base), true, none) + "\t" +
           Distance.numericalDistance(sketch(now), sketch(base), false, none);
  }

  static String categories(String[] base, String[] now) {
    Distance.LInfinityMethod linf = new Distance.LInfinityMethod(Option.empty());
    Distance.ChisquareMethod chi2 = new Distance.ChisquareMethod(5, 0.2, 10);
    return Distance.categoricalDistance(counts(now), counts(base), true, linf) + "\t" +
           Distance.categoricalDistance(counts(now), counts(base), false, linf) + "\t" +
           Distance.categoricalDistance(counts(now), counts(base), false, chi2) + "\t" +
           Distance.categoricalDistance(counts(now), counts(base), true, chi2);
  }

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = in.readLine()) != null; ) {
      String[] base = line.split("\t"), now = in.readLine().split("\t");
      System.out.println(base[0] + "\t" + (base[1].equals("n") ? numbers(base, now) : categories(base, now)));
    }
  }
}
