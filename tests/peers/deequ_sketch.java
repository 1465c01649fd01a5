/* What Deequ keeps of numbers, and how far apart it finds two of them: sketches of Model Monitor's size, by its own classes.
 *
 *     java -cp 'JARS/*' deequ_sketch.java < NUMBERS > ANSWERS
 *
 * NUMBERS: a line each data set, tabs between. ANSWERS: for each "levels", its levels with tabs between, each level's items with commas; then
 * for each two of them "pair", their numbers from 0 on, simple and robust L-infinity. */
import com.amazon.deequ.analyzers.Distance;
import com.amazon.deequ.analyzers.QuantileNonSample;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.List;
import scala.Option;
import scala.math.Ordering;
import scala.reflect.ClassTag;
import scala.runtime.ScalaRunTime;

public class deequ_sketch {
  @SuppressWarnings("unchecked")
  static QuantileNonSample<Object> sketch(String[] number) {
    QuantileNonSample<Object> q = new QuantileNonSample<>(2048, 0.64, (Ordering<Object>) (Object) scala.math.Ordering.Double$.MODULE$,
                                                          (ClassTag<Object>) (Object) ClassTag.Double());
    for (String n : number)
      q.update(Double.parseDouble(n));
    return q;
  }

  static String levels(QuantileNonSample<Object> q) {
    StringBuilder out = new StringBuilder("levels");
    for (Object level : q.getCompactorItems()) {
      out.append('\t');
      for (int i = 0; i < ScalaRunTime.array_length(level); i++)
        out.append(i > 0 ? "," : "").append(ScalaRunTime.array_apply(level, i));
    }
    return out.toString();
  }

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    List<QuantileNonSample<Object>> all = new ArrayList<>();
    Option<Object> none = Option.empty();
    for (String line; (line = in.readLine()) != null; all.add(sketch(line.split("\t"))))
      ;
    for (QuantileNonSample<Object> q : all)
      System.out.println(levels(q));
    for (int i = 0; i < all.size(); i++)
      for (int j = i + 1; j < all.size(); j++)
        System.out.println("pair\t" + i + "\t" + j + "\t" + Distance.numericalDistance(all.get(i), all.get(j), true, none) + "\t" +
                           Distance.numericalDistance(all.get(i), all.get(j), false, none));
  }
}
