package dev.vicreg.training.data.picture;

import dev.vicreg.runtime.input.Input;
import dev.vicreg.training.data.source.Dataset;
import dev.vicreg.training.data.view.ViewSource;
import dev.vicreg.training.data.view.ViewType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Views of pictures as networks of other origin take them: float32, (x/255 - mean)/deviation per channel, [C,H,W] or
 * [H,W,C].
 *
 * @param pictures the same views as uint8 [H,W,C]
 * @param mean per channel on a scale of 0 to 1
 * @param deviation standard deviation per channel on a scale of 0 to 1
 * @param channelsFirst whether channels come first
 */
public record NormalisedPictures(ViewSource pictures, List<Float> mean, List<Float> deviation, boolean channelsFirst)
        implements ViewSource {
    /** Copies the lists. */
    public NormalisedPictures {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
    }

    @Override
    public Dataset<?> data() {
        return pictures.data();
    }

    @Override
    public ViewType type() {
        List<Integer> shape = pictures.type().shape();
        int channels = shape.get(2);
        List<Integer> own = channelsFirst ? List.of(channels, shape.get(0), shape.get(1)) : shape;
        return new ViewType(ViewType.Element.FLOAT32, own);
    }

    @Override
    public boolean unrelatedViews() {
        return pictures.unrelatedViews();
    }

    @Override
    public Sample sample(int index) throws IOException {
        Sample sample = pictures.sample(index);
        int bytes = pictures.type().bytes();
        return (key, into, offset) -> {
            ByteBuffer pixels = ByteBuffer.allocate(bytes);
            sample.write(key, pixels, 0);
            float[] values = Input.Pictures.normalised(pixels.array(), mean, deviation, channelsFirst);
            for (int i = 0; i < values.length; i++) {
                into.putFloat(offset + i * Float.BYTES, values[i]);
            }
        };
    }
}
